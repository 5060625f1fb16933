#include "tests/soak/ledger.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <limits>
#include <unordered_set>

#include "replay/capture_reader.h"

namespace stormproof::soak {
namespace {

void add_line(AccessLedger& ledger, const boost::json::object& line) {
  if (const auto* dropped = line.if_contains("dropped")) {
    ledger.dropped += dropped->to_number<std::uint64_t>();
    return;
  }
  ++ledger.lines;
  const std::string outcome(line.at("outcome").as_string());
  ++ledger.outcomes[outcome];
  const auto asked = read_target(std::string_view(line.at("target").as_string()));
  if (!asked) {
    ++ledger.nameless;
    return;
  }
  const Identity& identity = asked->identity;
  if (ledger.told.size() <= identity.client) ledger.told.resize(identity.client + 1);
  auto& of_client = ledger.told[identity.client];
  if (of_client.size() <= identity.number) of_client.resize(identity.number + 1);
  AccessLedger::Told& told = of_client[identity.number];
  if (told.times < std::numeric_limits<std::uint8_t>::max()) ++told.times;
  told.answered = outcome == "answered";
  told.status = line.at("status").is_null() ? std::uint16_t{0} : line.at("status").to_number<std::uint16_t>();
}

// A body that is whole is what its request's identity says, chunked or not.
bool is_damaged(const replay::Exchange& exchange) {
  if (exchange.ending != replay::Ending::complete) return false;
  const auto asked = read_target(replay::target_of(exchange.request.head));
  if (!asked) return true;
  const auto wrong = [&](const replay::Message& message) {
    if (message.body.empty()) return false;  // answers to HEAD have headers of a body, and none
    std::string body = message.body;
    if (!header_of(message.head, "Transfer-Encoding").empty()) body = body_of_chunks(message.body).value_or("?");
    return body.find_first_not_of(asked->identity.letter()) != std::string::npos;
  };
  return header_of(exchange.response.head, "X-Soak").empty() || wrong(exchange.response) ||
         (header_of(exchange.response.head, "X-Early").empty() && wrong(exchange.request));
}

}  // namespace

AccessLedger::Told AccessLedger::told_of(const Identity& identity) const {
  if (identity.client >= told.size() || identity.number >= told[identity.client].size()) return {};
  return told[identity.client][identity.number];
}

base::Result<AccessLedger> read_access_log(const std::filesystem::path& path) {
  AccessLedger ledger;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(line, error);
    if (error || !value.is_object()) return base::fail("a line of the access log is no object: " + line);
    add_line(ledger, value.get_object());
  }
  return ledger;
}

base::Result<CaptureLedger> read_capture(const std::filesystem::path& path) {
  auto reader = replay::CaptureReader::open(path.string());
  if (!reader) return std::unexpected(reader.error());
  CaptureLedger ledger;
  std::unordered_set<std::uint64_t> live;
  std::vector<std::uint64_t> repeated;
  replay::Exchange exchange;
  while (true) {
    const auto more = reader->next(exchange);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (is_damaged(exchange)) ++ledger.damaged;
    if (exchange.shadow_of == 0) live.insert(exchange.id);
    else repeated.push_back(exchange.shadow_of);
  }
  ledger.live = live.size();
  ledger.shadows = repeated.size();
  ledger.orphans =
      static_cast<std::uint64_t>(std::ranges::count_if(repeated, [&](auto id) { return !live.contains(id); }));
  ledger.recorded = reader->account().at(std::string(replay::cause_recorded)).count;
  ledger.torn = reader->torn();
  return ledger;
}

}  // namespace stormproof::soak
