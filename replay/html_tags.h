// HTML tags: the start tags of a page with their attributes, in order.
//
// Not a parser of documents: values of forms and links stand in attributes, and a tree of a hostile page costs a library
// quadratic time. Comments are passed over, and what stands in script and style. Linear time; never fails. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace stormproof::replay {

inline constexpr std::size_t html_attributes_max = 100;  // of one tag; more are passed over

struct HtmlTag {
  struct Attribute {
    std::string name;      // in lower case
    std::string_view raw;  // with its entities
  };
  std::string name;  // in lower case; "/form" for the end of a form, the only end that is told
  std::vector<Attribute> attributes;
  std::string_view text;  // of a textarea: what it holds

  // The first attribute of that name, decoded; "" where there is none.
  std::string value(std::string_view attribute) const;
};

void each_html_tag(std::string_view page, const std::function<void(const HtmlTag&)>& found);

}  // namespace stormproof::replay
