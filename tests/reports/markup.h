// Markup: is a text well-formed XML? For tests of what the renderers write.
//
// Strict on what an escape could get wrong: every element is closed in order, attributes stand in quotes, no raw '<' or
// '&', only the five entities of XML, valid UTF-8 without control characters. A <style> element is skipped.
#pragma once

#include <string>
#include <string_view>

namespace stormproof::reports {

// "" where it is well-formed; else what is wrong, and where.
std::string trouble_with(std::string_view markup);

}  // namespace stormproof::reports
