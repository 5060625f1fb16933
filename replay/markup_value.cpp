#include "replay/markup_value.h"

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <boost/json.hpp>
#include <limits>
#include <memory>
#include <string>

#include "replay/json_difference.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;

std::string_view text_of(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

std::string name_of(const xmlNode& node) {
  const std::string name(text_of(node.name));
  return node.ns == nullptr || node.ns->prefix == nullptr ? name : std::string(text_of(node.ns->prefix)) + ":" + name;
}

// Each run of white space as one space, none at the ends.
std::string folded_space(std::string_view text) {
  std::string folded;
  bool space = false;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f') {
      space = !folded.empty();
      continue;
    }
    if (space) folded += ' ';
    space = false;
    folded += c;
  }
  return folded;
}

json::array& list_of(json::object& element, std::string_view name) {
  json::value& value = element[json::string_view(name.data(), name.size())];
  if (!value.is_array()) value.emplace_array();
  return value.get_array();
}

void add_attributes(const xmlNode& node, json::object& element) {
  for (const xmlAttr* attribute = node.properties; attribute != nullptr; attribute = attribute->next) {
    std::string value;
    for (const xmlNode* part = attribute->children; part != nullptr; part = part->next) {
      if (part->type == XML_TEXT_NODE) value += text_of(part->content);
      else if (part->type == XML_ENTITY_REF_NODE) value.append("&").append(text_of(part->name)).append(";");
    }
    element["@" + name_of(*reinterpret_cast<const xmlNode*>(attribute))] = value;
  }
}

json::object element_of(const xmlNode& node, std::size_t depth, const json::storage_ptr& storage) {
  json::object element(storage);
  if (depth >= json_depth_max / 2) return element;  // each element is an object in a list
  add_attributes(node, element);
  std::string order;
  std::string_view first;
  bool mixed_names = false;
  for (const xmlNode* child = node.children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) {
      const std::string name = name_of(*child);
      list_of(element, name).emplace_back(element_of(*child, depth + 1, storage));
      if (order.empty()) first = text_of(child->name);
      else mixed_names = mixed_names || first != text_of(child->name);
      if (!order.empty()) order += ' ';
      order += name;
    } else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
      const std::string text = folded_space(text_of(child->content));
      if (!text.empty()) list_of(element, "#text").emplace_back(text);
    } else if (child->type == XML_ENTITY_REF_NODE) {
      list_of(element, "#text").emplace_back("&" + std::string(text_of(child->name)) + ";");
    }
  }
  if (mixed_names) element["#order"] = order;
  return element;
}

std::optional<json::value> value_of(const Document& document, const json::storage_ptr& storage) {
  if (!document) return std::nullopt;
  const xmlNode* root = xmlDocGetRootElement(document.get());
  if (root == nullptr) return std::nullopt;
  json::object whole(storage);
  const std::string name = name_of(*root);
  whole[name] = element_of(*root, 0, storage);
  return json::value(std::move(whole));
}

bool fits(std::string_view bytes) {
  return !bytes.empty() && bytes.size() < std::size_t{std::numeric_limits<int>::max()};
}

}  // namespace

std::optional<json::value> xml_value(std::string_view bytes, const json::storage_ptr& storage) {
  if (!fits(bytes)) return std::nullopt;
  constexpr int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  const Document document(xmlReadMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr, options));
  return value_of(document, storage);
}

std::optional<json::value> html_value(std::string_view bytes, const json::storage_ptr& storage) {
  if (!fits(bytes)) return std::nullopt;
  constexpr int options = HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_RECOVER;
  const Document document(htmlReadMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, "utf-8", options));
  return value_of(document, storage);
}

}  // namespace stormproof::replay
