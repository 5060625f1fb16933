#include "faults/merge_patch.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace stormproof::faults {
namespace {

constexpr std::size_t depth_max = 32;  // Boost.JSON's own limit of what it parses

base::Result<boost::json::value> parsed(std::string_view text, std::string_view what) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error, {}, {.max_depth = depth_max});
  if (error) return base::fail(fmt::format("{} is not JSON: {}", what, error.message()));
  return value;
}

// RFC 7396 §2. As deep as the patch, which is bounded.
void merge(boost::json::value& into, const boost::json::value& patch) {
  if (!patch.is_object()) {
    into = patch;
    return;
  }
  if (!into.is_object()) into = boost::json::object();
  for (const auto& [name, value] : patch.as_object()) {
    if (value.is_null()) into.as_object().erase(name);
    else merge(into.as_object()[name], value);
  }
}

}  // namespace

base::Result<std::string> merge_patched(std::string_view document, std::string_view patch) {
  auto into = parsed(document, "the body");
  if (!into) return std::unexpected(into.error());
  const auto change = parsed(patch, "the patch");
  if (!change) return std::unexpected(change.error());
  merge(*into, *change);
  return boost::json::serialize(*into);
}

base::Result<void> check_json(std::string_view text) {
  const auto value = parsed(text, "the text");
  if (!value) return std::unexpected(value.error());
  return {};
}

}  // namespace stormproof::faults
