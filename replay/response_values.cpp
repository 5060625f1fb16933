#include "replay/response_values.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "replay/content.h"
#include "replay/html_tags.h"
#include "replay/json_leaves.h"
#include "replay/text_values.h"
#include "replay/url_parts.h"
#include "replay/value_meaning.h"
#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t guard_bytes_max = 20;  // of what stands before JSON against script inclusion: ")]}',\n"

// One value as it is met. The views are good during the call.
struct Met {
  PlaceKind kind = PlaceKind::header;
  std::string_view name;
  std::string_view part = {};
  Coding coding = Coding::plain;
  std::string_view value = {};
  std::string_view key = {};    // what it is called there
  std::string_view owner = {};  // and what of
  std::string_view noun = {};   // of a part of a URL
  bool in_list = false;
};

using OnMet = std::function<void(const Met&)>;

void meet_url(std::string_view url, const Met& whole, const OnMet& on_met) {
  for (const UrlPart& part : url_parts(url)) {
    const std::string value = decoded(part.coding, part.raw);
    Met met = whole;
    met.part = part.name;
    met.coding = part.coding;
    met.value = value;
    met.key = part.key;
    met.noun = part.noun;
    on_met(met);
  }
}

// The value itself, once more without percent escapes, and the parts of a URL that it is.
void meet(const Met& met, const OnMet& on_met) {
  on_met(met);
  if (met.value.contains('%')) {
    const std::string value = decoded(Coding::percent, met.value);
    Met again = met;
    again.value = value;
    again.coding = Coding::percent;
    if (value != met.value) on_met(again);
  }
  if (looks_like_a_url(met.value)) meet_url(met.value, met, on_met);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

void meet_header(std::string_view name, std::string_view value, const OnMet& on_met) {
  const bool redirect = name == "location" || name == "content-location" || name == "refresh";
  const Met met{.kind = PlaceKind::header, .name = name, .value = value, .key = name};
  if (redirect && !looks_like_a_url(value)) meet_url(value, met, on_met);
  else meet(met, on_met);
  // Link: </orders?cursor=x>; rel="next"
  if (const auto open = value.find('<'); open != value.npos && value.find('>', open) != value.npos) {
    meet_url(value.substr(open + 1, value.find('>', open) - open - 1), met, on_met);
  }
  if (const auto space = value.rfind(' '); space != value.npos) {
    Met last = met;
    last.part = "last word";
    last.value = value.substr(space + 1);
    on_met(last);
  }
}

void meet_headers(std::string_view head, const OnMet& on_met) {
  for (const SetCookie& cookie : cookies_set_by(head)) {
    if (cookie.removed) continue;
    meet({.kind = PlaceKind::cookie, .name = cookie.name, .value = cookie.value, .key = cookie.name}, on_met);
  }
  for (auto at = head.find('\n'); at != head.npos && at + 1 < head.size();) {
    const auto end = std::min(head.find('\n', at + 1), head.size());
    const std::string_view line = head.substr(at + 1, end - at - 1);
    at = end;
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string name = lower(line.substr(0, colon));
    if (name == "set-cookie" || name == "date" || name == "content-length") continue;
    const auto first = line.find_first_not_of(" \t\r", colon + 1);
    if (first == line.npos) continue;
    meet_header(name, line.substr(first, line.find_last_not_of(" \t\r") - first + 1), on_met);
  }
}

void meet_json(std::string_view text, const OnMet& on_met) {
  const auto begin = text.find_first_of("{[");
  if (begin > guard_bytes_max) return;
  each_json_leaf(text.substr(text.starts_with(")]}'") ? std::min(text.find('\n'), text.size()) : begin),
                 [&](const JsonLeaf& leaf) {
                   const std::string value = leaf.is_string ? decoded(Coding::json, leaf.raw) : std::string(leaf.raw);
                   meet({.kind = PlaceKind::json,
                         .name = leaf.path,
                         .value = value,
                         .key = leaf.key,
                         .owner = leaf.owner,
                         .in_list = leaf.in_list},
                        on_met);
                 });
}

class PageWalk {
 public:
  PageWalk(std::string_view target, const OnMet& on_met) : target_(target), on_met_(on_met) {}

  void tag(const HtmlTag& tag) {
    if (tag.name == "form") {
      const std::string action = tag.value("action");
      form_ = "form " + url_shape(action.empty() ? target_ : std::string_view(action)) + " ";
    } else if (tag.name == "/form") {
      form_.clear();
    } else if (tag.name == "select") {
      select_ = tag.value("name");
    }
    const std::string field = tag.value("name");
    const bool has_field = !field.empty() && (tag.name == "input" || tag.name == "button" || tag.name == "textarea");
    if (tag.name == "textarea" && has_field)
      give(form_ + "input " + field, decoded(Coding::html, tag.text), field, false);
    for (const HtmlTag::Attribute& attribute : tag.attributes) {
      const std::string value = decoded(Coding::html, attribute.raw);
      if (value.empty() || attribute.name == "class" || attribute.name == "style" || attribute.name == "name") continue;
      if (attribute.name == "value" && has_field) give(form_ + "input " + field, value, field, false);
      else if (attribute.name == "value" && tag.name == "option")
        give(form_ + "select " + select_, value, select_, true);
      else if (tag.name == "meta" && attribute.name == "content")
        give("meta " + meta_name(tag), value, meta_name(tag), false);
      else give_attribute(tag, attribute.name, value);
    }
  }

 private:
  static std::string meta_name(const HtmlTag& tag) {
    for (const std::string_view attribute : {"name", "property", "itemprop", "http-equiv"}) {
      if (std::string name = tag.value(attribute); !name.empty()) return name;
    }
    return "";
  }
  void give(const std::string& name, const std::string& value, std::string_view key, bool in_list) const {
    meet({.kind = PlaceKind::html, .name = name, .value = value, .key = key, .in_list = in_list}, on_met_);
  }
  void give_attribute(const HtmlTag& tag, const std::string& name, const std::string& value) const {
    const bool link = name == "href" || name == "src" || name == "action" || name == "formaction";
    Met met{.kind = PlaceKind::html, .name = name, .value = value, .in_list = true};
    if (link) {
      meet_url(value, met, on_met_);
    } else if (name.starts_with("data-")) {
      met.key = std::string_view(name).substr(5);
      meet(met, on_met_);
    } else {
      const std::string place = tag.name + " " + name;
      met.name = place;
      met.key = name;
      met.owner = tag.name;
      meet(met, on_met_);
    }
  }

  std::string_view target_;
  const OnMet& on_met_;
  std::string form_;
  std::string select_;
};

void meet_page(std::string_view page, std::string_view target, const OnMet& on_met) {
  PageWalk walk(target, on_met);
  each_html_tag(page, [&](const HtmlTag& tag) { walk.tag(tag); });
}

void meet_all(const ReadableResponse& response, const OnMet& on_met) {
  meet_headers(response.head(), on_met);
  if (response.form() == ReadableResponse::Form::json) meet_json(response.content(), on_met);
  if (response.form() == ReadableResponse::Form::page) meet_page(response.content(), response.target(), on_met);
}

std::vector<std::string> meanings(const Met& met, std::string_view target) {
  if (met.kind == PlaceKind::cookie && met.part.empty()) {
    std::vector<std::string> all = meanings_of_produced(met.key, "", "");
    all.push_back("@" + std::string(met.name));
    return all;
  }
  if (!met.part.empty()) {
    // A page links to pictures and scripts, too: "/static/logo2.png".
    const bool number = std::ranges::all_of(met.value, [](char c) { return c >= '0' && c <= '9'; });
    const bool identifies = met.kind != PlaceKind::html || !met.key.empty() || number;
    return meanings_of_link_part(met.key, identifies ? met.noun : std::string_view());
  }
  if (met.kind == PlaceKind::header && (met.name == "etag" || met.name == "last-modified"))
    return {"^" + std::string(met.name)};
  return meanings_of_produced(met.key, met.owner, target);
}

}  // namespace

ReadableResponse::ReadableResponse(std::string_view head, std::string_view body, std::string_view target)
    : head_(head), target_(target) {
  if (body.empty()) return;
  std::string unchunked, buffer;
  const Decoded content = decoded_content(head, without_chunks(head, body, unchunked), buffer);
  if (content.failed) {
    trouble_ = "its coding is not known, or it is damaged";
    return;
  }
  if (content.bytes.size() > content_bytes_max) {
    trouble_ = "it is too long";
    return;
  }
  content_ = content.bytes;
  switch (kind_of(head_, content_)) {
    case ContentKind::json: form_ = Form::json; break;
    case ContentKind::xml:
    case ContentKind::html: form_ = Form::page; break;
    case ContentKind::json_lines:
    case ContentKind::form:
    case ContentKind::text: form_ = Form::text; break;
    case ContentKind::none:
    case ContentKind::binary: break;
  }
}

void each_response_value(const ReadableResponse& response, const std::function<bool(std::string_view)>& wants,
                         const std::function<void(ResponseValue)>& found) {
  std::unordered_map<std::string, std::uint32_t> counts;
  meet_all(response, [&](const Met& met) {
    // Everything counts, so that the second is the second whatever the first was.
    std::string key;
    key += static_cast<char>(met.kind);
    key += static_cast<char>(met.coding);
    key.append(met.name).append("\n").append(met.part);
    const std::uint32_t index = counts[key]++;
    if (met.value.empty() || !wants(met.value)) return;
    found({.place = {met.kind, std::string(met.name), std::string(met.part), index, met.coding},
           .value = std::string(met.value),
           .meanings = meanings(met, response.target()),
           .in_list = met.in_list});
  });
  if (response.form() == ReadableResponse::Form::none || response.form() == ReadableResponse::Form::json) return;
  const auto token = [&](std::string_view value) { return is_token(value) && wants(value); };
  each_text_value(response.content(), token, [&](const Place& place, std::string_view value) {
    found({.place = place, .value = std::string(value), .meanings = {}, .in_list = false});
  });
}

std::vector<std::optional<std::string>> values_at(const ReadableResponse& response,
                                                  const std::vector<WantedValue>& wanted) {
  struct Search {
    std::optional<std::string> at_index;
    std::optional<std::string> unescaped;  // the same place, where nothing had to be escaped
    std::uint32_t index = 0;
    std::uint32_t unescaped_index = 0;
    bool still_there = false;
  };
  std::vector<Search> searches(wanted.size());
  const OnMet on_met = [&](const Met& met) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Place& place = *wanted[i].place;
      if (met.kind != place.kind || met.name != place.name || met.part != place.part) continue;
      Search& search = searches[i];
      if (met.coding == place.coding) {
        search.still_there = search.still_there || met.value == wanted[i].recorded;
        if (search.index++ == place.index) search.at_index = met.value;
      } else if (met.coding == Coding::plain && place.part.empty()) {
        if (search.unescaped_index++ == place.index) search.unescaped = met.value;
      }
    }
  };
  const bool body = std::ranges::any_of(wanted, [](const WantedValue& want) {
    return want.place->kind == PlaceKind::json || want.place->kind == PlaceKind::html;
  });
  if (body) meet_all(response, on_met);
  else meet_headers(response.head(), on_met);
  std::vector<std::optional<std::string>> values;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Search& search = searches[i];
    if (wanted[i].place->kind == PlaceKind::text) values.push_back(text_value_at(response.content(), *wanted[i].place));
    else if (search.still_there) values.emplace_back(wanted[i].recorded);
    else values.push_back(search.at_index ? std::move(search.at_index) : std::move(search.unescaped));
  }
  return values;
}

std::optional<std::string> value_at(const ReadableResponse& response, const Place& place, std::string_view recorded) {
  return values_at(response, {{&place, recorded}}).front();
}

// "Thu, 01 Jan 1970 00:00:00 GMT" and what else servers write to take a cookie away: a year before 2001.
static bool is_long_ago(std::string_view expires) {
  for (std::size_t at = 0; at + 4 <= expires.size(); ++at) {
    const std::string_view year = expires.substr(at, 4);
    if (year == "2000" ||
        (year.starts_with("19") && std::ranges::all_of(year, [](char c) { return c >= '0' && c <= '9'; })))
      return true;
  }
  return false;
}

std::vector<SetCookie> cookies_set_by(std::string_view head) {
  std::vector<SetCookie> cookies;
  for (const std::string_view field : headers(head, "Set-Cookie")) {
    const std::string_view pair = field.substr(0, field.find(';'));
    const auto equals = pair.find('=');
    if (equals == pair.npos || equals == 0) continue;
    SetCookie cookie{.name = pair.substr(0, equals), .value = pair.substr(equals + 1), .path = {}};
    std::string_view rest = field.substr(pair.size());
    while (!rest.empty()) {
      rest.remove_prefix(1);
      std::string_view attribute = rest.substr(0, rest.find(';'));
      rest.remove_prefix(attribute.size());
      attribute.remove_prefix(std::min(attribute.find_first_not_of(' '), attribute.size()));
      const auto is = attribute.find('=');
      const std::string_view value = is == attribute.npos ? std::string_view() : attribute.substr(is + 1);
      const std::string_view name = attribute.substr(0, is);
      if (equal_ignoring_case(name, "path")) cookie.path = value;
      if (equal_ignoring_case(name, "max-age"))
        cookie.removed = cookie.removed || value.starts_with('-') || value == "0";
      if (equal_ignoring_case(name, "expires")) cookie.removed = cookie.removed || is_long_ago(value);
    }
    cookies.push_back(cookie);
  }
  return cookies;
}

}  // namespace stormproof::replay
