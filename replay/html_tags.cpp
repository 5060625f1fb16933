#include "replay/html_tags.h"

#include <algorithm>

#include "replay/exchange.h"
#include "replay/value_coding.h"

namespace stormproof::replay {
namespace {

constexpr std::string_view space = " \t\r\n\f";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

class Page {
 public:
  Page(std::string_view text, const std::function<void(const HtmlTag&)>& found) : text_(text), found_(found) {}

  void run() {
    while ((at_ = text_.find('<', at_)) != text_.npos) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("<!--")) skip_past("-->");
      else if (rest.size() > 1 && is_letter(rest[1])) start_tag();
      else if (rest.size() > 2 && rest[1] == '/' && is_letter(rest[2])) end_tag();
      else ++at_;
    }
  }

 private:
  void skip_past(std::string_view mark) {
    const auto end = text_.find(mark, at_);
    at_ = end == text_.npos ? text_.size() : end + mark.size();
  }
  void skip_space() { at_ = std::min(text_.find_first_not_of(space, at_), text_.size()); }

  void end_tag() {
    if (equal_ignoring_case(text_.substr(at_ + 2, 4), "form")) found_({.name = "/form", .attributes = {}, .text = {}});
    skip_past(">");
  }

  void start_tag() {
    ++at_;
    const auto name_end = std::min(text_.find_first_of(" \t\r\n\f/>", at_), text_.size());
    HtmlTag tag{.name = lower(text_.substr(at_, name_end - at_)), .attributes = {}, .text = {}};
    at_ = name_end;
    while (attribute(tag)) {
    }
    const bool raw_text = tag.name == "script" || tag.name == "style" || tag.name == "textarea" || tag.name == "title";
    if (raw_text) tag.text = text_until_end_of(tag.name);
    found_(tag);
  }

  // False: the tag has ended.
  bool attribute(HtmlTag& tag) {
    while (at_ < text_.size() && (space.contains(text_[at_]) || text_[at_] == '/')) ++at_;
    if (at_ >= text_.size()) return false;
    if (text_[at_] == '>') {
      ++at_;
      return false;
    }
    // A name may begin with '=': whatever is there is passed over.
    const auto name_end = std::min(text_.find_first_of(" \t\r\n\f/>=", at_ + 1), text_.size());
    const std::string_view name = text_.substr(at_, name_end - at_);
    at_ = name_end;
    skip_space();
    std::string_view raw;
    if (at_ < text_.size() && text_[at_] == '=') {
      ++at_;
      skip_space();
      raw = attribute_value();
    }
    if (tag.attributes.size() < html_attributes_max) tag.attributes.push_back({lower(name), raw});
    return true;
  }

  std::string_view attribute_value() {
    if (at_ >= text_.size()) return {};
    const char quote = text_[at_];
    if (quote == '"' || quote == '\'') {
      const auto end = std::min(text_.find(quote, at_ + 1), text_.size());
      const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
      at_ = std::min(end + 1, text_.size());
      return value;
    }
    const auto end = std::min(text_.find_first_of(" \t\r\n\f>", at_), text_.size());
    const std::string_view value = text_.substr(at_, end - at_);
    at_ = end;
    return value;
  }

  // Up to "</script", which stays.
  std::string_view text_until_end_of(const std::string& name) {
    const std::size_t begin = at_;
    while ((at_ = text_.find("</", at_)) != text_.npos) {
      if (equal_ignoring_case(text_.substr(at_ + 2, name.size()), name)) break;
      at_ += 2;
    }
    at_ = std::min(at_, text_.size());
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  const std::function<void(const HtmlTag&)>& found_;
  std::size_t at_ = 0;
};

}  // namespace

std::string HtmlTag::value(std::string_view attribute) const {
  const auto found = std::ranges::find(attributes, attribute, &Attribute::name);
  return found == attributes.end() ? std::string() : decoded(Coding::html, found->raw);
}

void each_html_tag(std::string_view page, const std::function<void(const HtmlTag&)>& found) { Page(page, found).run(); }

}  // namespace stormproof::replay
