#include "scenarios/document.h"

#include <algorithm>

namespace stormproof::scenarios {
namespace {

bool needs_quotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  if (std::string_view("-?:!&*|>%@`'\"#").contains(text.front()) &&
      !(text.front() == '-' && text.size() > 1 && text[1] != ' '))
    return true;
  const auto special = [](char c) {
    return std::string_view("[]{},\"").contains(c) || static_cast<unsigned char>(c) < 0x20;
  };
  return std::ranges::any_of(text, special) || text.contains(": ") || text.contains(" #") || text.ends_with(':');
}

std::string scalar_text(const Node& node) {
  if (!needs_quotes(node.written)) return node.written;
  std::string text = "\"";
  for (const char c : node.written) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') text += "\\n";
    else if (c == '\t') text += "\\t";
    else if (static_cast<unsigned char>(c) >= 0x20) text += c;
  }
  return text + '"';
}

std::string flow(const Node& node, bool outermost) {
  if (node.kind == Node::Kind::scalar) return scalar_text(node);
  if (node.kind == Node::Kind::nothing) return "null";
  const bool map = node.kind == Node::Kind::map;
  std::string text;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) text += ", ";
    if (map) text += scalar_text(node.keys[i]) + ": ";
    text += flow(node.items[i], false);
  }
  if (!map) return "[" + text + "]";
  return outermost ? text : "{" + text + "}";
}

}  // namespace

const Node* at(const Node& map, std::string_view key) {
  if (map.kind != Node::Kind::map) return nullptr;
  for (std::size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].kind == Node::Kind::scalar && map.keys[i].text == key) return &map.items[i];
  }
  return nullptr;
}

std::string in_one_line(const Node& node) { return flow(node, true); }

}  // namespace stormproof::scenarios
