#include "tests/subjects/truth.h"

#include <boost/json.hpp>

#include <cmath>
#include <string_view>

#include "tests/support/files.h"

namespace stormproof::subjects {
namespace {

base::Result<StateChange> parse(std::string_view line) {
  boost::system::error_code broken;
  const boost::json::value value = boost::json::parse(line, broken);
  const auto* const object = broken ? nullptr : value.if_object();
  const auto* const at = object == nullptr ? nullptr : object->if_contains("at_ms");
  const auto* const state = object == nullptr ? nullptr : object->if_contains("state");
  if (at == nullptr || !at->is_number() || state == nullptr || !state->is_string()) {
    return base::fail("not a change of state: " + std::string(line));
  }
  // To the microsecond: a double has no more digits than that for a time of today.
  const std::chrono::microseconds since_epoch(std::llround(at->to_number<double>() * 1e3));
  return StateChange{base::Time(since_epoch), std::string(state->get_string())};
}

}  // namespace

base::Result<std::vector<StateChange>> read_truth(const std::filesystem::path& file) {
  const auto text = support::read_file(file);
  if (!text) return std::unexpected(text.error());
  std::vector<StateChange> changes;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;  // a line that is being written
    auto change = parse(rest.substr(0, end));
    if (!change) return std::unexpected(change.error());
    changes.push_back(std::move(*change));
    rest.remove_prefix(end + 1);
  }
  return changes;
}

std::vector<base::Time> times_of(const std::vector<StateChange>& changes, std::string_view state) {
  std::vector<base::Time> times;
  for (const StateChange& change : changes) {
    if (change.state == state) times.push_back(change.at);
  }
  return times;
}

}  // namespace stormproof::subjects
