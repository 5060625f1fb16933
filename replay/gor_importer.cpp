#include "replay/gor_importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <list>
#include <unordered_map>
#include <utility>

#include "harness/base/units.h"
#include "replay/gor_records.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t detection_bytes = 64 * 1024;
constexpr std::size_t interim_bytes_max = heads_bytes_max - 2 * GorRecords::head_bytes_max;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Runs of digits compare as numbers.
bool before_by_number(std::string_view a, std::string_view b) {
  const auto take_number = [](std::string_view& text) {
    const std::string_view digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
    text.remove_prefix(digits.size());
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  };
  while (!a.empty() && !b.empty()) {
    if (is_digit(a[0]) && is_digit(b[0])) {
      const auto x = take_number(a), y = take_number(b);
      if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
    } else {
      if (a[0] != b[0]) return a[0] < b[0];
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

// "x_1" and "x_01" are the same by number.
bool before(const std::string& a, const std::string& b) {
  return before_by_number(a, b) || (!before_by_number(b, a) && a < b);
}

std::size_t bytes_of(const Message& message) { return message.head.size() + message.body.size(); }

class GorImport {
 public:
  GorImport(CaptureWriter& writer, GorLimits limits) : writer_(writer), limits_(limits) {}

  base::Result<void> read(GorInput input);
  base::Result<ImportReport> finish();

 private:
  struct Waiting {
    Exchange exchange;
    std::string id;  // of the record
    std::size_t bytes() const { return bytes_of(exchange.request) + exchange.interim.size(); }
  };
  using Place = std::list<Waiting>::iterator;

  base::Result<void> take(GorRecord& record);
  base::Result<void> take_request(const GorHeader& header, GorMessage& message);
  base::Result<void> take_response(const GorHeader& header, GorMessage& message, std::string interim);
  void take_interim(const GorRecord& record, std::string interim);
  Exchange leave(Place place);
  base::Result<void> give_up_oldest();
  void note_damage(const std::string& path, const GorDamage& damage);
  std::string method_of_waiting(std::string_view id, std::size_t index) const;

  CaptureWriter& writer_;
  GorLimits limits_;
  ImportReport report_;
  std::uint64_t last_id_ = 0;
  std::list<Waiting> waiting_;  // the oldest first
  std::size_t waiting_bytes_ = 0;
  std::unordered_map<std::string, std::deque<Place>> waiting_by_id_;
  std::string path_;
};

base::Result<void> GorImport::read(GorInput input) {
  path_ = input.path();
  GorRecords records(std::move(input), [this](const GorDamage& damage) { note_damage(path_, damage); },
                     [this](std::string_view id, std::size_t index) { return method_of_waiting(id, index); });
  GorRecord record;
  while (records.next(record)) {
    if (const auto taken = take(record); !taken) return taken;
  }
  if (!records.input().damage().empty()) note_damage(path_, {records.input().damage(), records.input().offset(), 0});
  return {};
}

base::Result<void> GorImport::take(GorRecord& record) {
  std::string interim;
  for (GorMessage& message : record.messages) {
    if (record.header.type == '3') {
      ++report_.replayed_responses;
      writer_.count("left out: replayed response", 1, bytes_of(message.message));
      continue;
    }
    const int status = record.header.type == '2' ? status_of(message.message.head) : 0;
    if (status >= 100 && status < 200 && status != 101) {
      interim += message.message.head;
      continue;
    }
    const auto taken = record.header.type == '1' ? take_request(record.header, message)
                                                 : take_response(record.header, message, std::exchange(interim, {}));
    if (!taken) return taken;
  }
  if (!interim.empty()) take_interim(record, std::move(interim));
  return {};
}

base::Result<void> GorImport::take_request(const GorHeader& header, GorMessage& message) {
  ++report_.requests;
  Waiting waiting{.exchange = {}, .id = header.id};
  waiting.exchange.id = ++last_id_;
  waiting.exchange.request_start = header.at;
  if (header.latency) waiting.exchange.request_end = header.at + *header.latency;
  waiting.exchange.ending = message.truncated ? Ending::request_truncated : Ending::complete;
  waiting.exchange.request = std::move(message.message);
  waiting_bytes_ += waiting.bytes();
  waiting_.push_back(std::move(waiting));
  waiting_by_id_[header.id].push_back(std::prev(waiting_.end()));
  while (waiting_.size() > limits_.waiting_max || waiting_bytes_ > limits_.waiting_bytes_max) {
    writer_.count("request written before its response was seen", 1, waiting_.front().bytes());
    if (const auto written = give_up_oldest(); !written) return written;
  }
  return {};
}

base::Result<void> GorImport::take_response(const GorHeader& header, GorMessage& message, std::string interim) {
  ++report_.responses;
  Exchange exchange;
  if (const auto same_id = waiting_by_id_.find(header.id); same_id != waiting_by_id_.end()) {
    ++report_.pairs;
    exchange = leave(same_id->second.front());
    if (message.truncated && exchange.ending == Ending::complete) exchange.ending = Ending::response_truncated;
  } else {
    ++report_.responses_without_request;
    exchange.id = ++last_id_;
    exchange.ending = Ending::request_missing;
  }
  if (exchange.interim.size() + interim.size() > interim_bytes_max) {
    note_damage(path_, {"more interim responses than can be kept", 0, interim.size()});
  } else {
    exchange.interim += interim;
  }
  exchange.response_start = header.at;
  if (header.latency) exchange.response_end = header.at + *header.latency;
  exchange.response = std::move(message.message);
  return writer_.append(exchange);
}

// An interim response in a record of its own.
void GorImport::take_interim(const GorRecord& record, std::string interim) {
  const auto same_id = waiting_by_id_.find(record.header.id);
  if (same_id == waiting_by_id_.end()) {
    return note_damage(path_, {"an interim response without its request", record.offset, interim.size()});
  }
  Waiting& waiting = *same_id->second.front();
  if (waiting.exchange.interim.size() + interim.size() > interim_bytes_max) {
    return note_damage(path_, {"more interim responses than can be kept", record.offset, interim.size()});
  }
  waiting.exchange.interim += interim;
  waiting_bytes_ += interim.size();
}

Exchange GorImport::leave(Place place) {
  const auto same_id = waiting_by_id_.find(place->id);
  same_id->second.pop_front();
  if (same_id->second.empty()) waiting_by_id_.erase(same_id);
  waiting_bytes_ -= place->bytes();
  Exchange exchange = std::move(place->exchange);
  waiting_.erase(place);
  return exchange;
}

base::Result<void> GorImport::give_up_oldest() {
  ++report_.requests_without_response;
  Exchange exchange = leave(waiting_.begin());
  if (exchange.ending == Ending::complete) exchange.ending = Ending::response_missing;
  return writer_.append(exchange);
}

base::Result<ImportReport> GorImport::finish() {
  while (!waiting_.empty()) {
    if (const auto written = give_up_oldest(); !written) return std::unexpected(written.error());
  }
  return std::move(report_);
}

void GorImport::note_damage(const std::string& path, const GorDamage& damage) {
  Tally& tally = report_.damage[std::string(damage.cause)];
  ++tally.count;
  tally.bytes += damage.bytes;
  writer_.count(fmt::format("damaged: {}", damage.cause), 1, damage.bytes);
  if (report_.places.size() == ImportReport::places_max) return;
  report_.places.push_back(fmt::format("{}: byte {}: {}", path, damage.offset, damage.cause));
  if (damage.bytes != 0) report_.places.back() += fmt::format(" ({} bytes left out)", damage.bytes);
}

std::string GorImport::method_of_waiting(std::string_view id, std::size_t index) const {
  const auto same_id = waiting_by_id_.find(std::string(id));
  if (same_id == waiting_by_id_.end() || index >= same_id->second.size()) return "";
  return std::string(method_of(same_id->second[index]->exchange.request.head));
}

}  // namespace

base::Result<bool> is_gor_file(const std::string& path) {
  auto input = GorInput::open(path);
  if (!input) return std::unexpected(input.error());
  const std::string_view start = input->peek(detection_bytes).substr(0, detection_bytes);
  return (start.empty() && input->damage().empty()) || looks_like_gor(start);
}

base::Result<ImportReport> import_gor(const std::vector<std::string>& inputs, CaptureWriter& writer, GorLimits limits) {
  for (const std::string& path : inputs) {
    const auto is_gor = is_gor_file(path);
    if (!is_gor) return std::unexpected(is_gor.error());
    if (!*is_gor) return base::fail(fmt::format("{} is no .gor file of GoReplay, compressed or not; nothing was imported", path));
  }
  std::vector<std::string> sorted = inputs;
  std::ranges::sort(sorted, before);
  GorImport import(writer, limits);
  for (const std::string& path : sorted) {
    auto input = GorInput::open(path);
    if (!input) return std::unexpected(input.error());
    if (const auto read = import.read(std::move(*input)); !read) return std::unexpected(read.error());
  }
  return import.finish();
}

std::string to_text(const ImportReport& report) {
  std::string text = fmt::format("{} requests, {} responses; {} exchanges: {} pairs, {} requests without response, "
                                 "{} responses without request\n",
                                 report.requests, report.responses, report.exchanges(), report.pairs,
                                 report.requests_without_response, report.responses_without_request);
  if (report.replayed_responses != 0) text += fmt::format("{} replayed responses left out\n", report.replayed_responses);
  std::uint64_t places = 0;
  for (const auto& [cause, tally] : report.damage) {
    text += fmt::format("damaged: {}: {}, {} left out\n", cause, tally.count, base::format_bytes(tally.bytes));
    places += tally.count;
  }
  for (const std::string& place : report.places) text += fmt::format("  {}\n", place);
  if (places > report.places.size()) text += fmt::format("  and {} more places\n", places - report.places.size());
  return text;
}

}  // namespace stormproof::replay
