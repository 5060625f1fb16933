#include "replay/recorder.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace stormproof::replay {
namespace {

constexpr base::Nanoseconds wake_every = std::chrono::milliseconds(40);
constexpr std::size_t records_between_ticks = 256;
// A take that has grown beyond this gives its memory back after its exchange.
constexpr std::size_t kept_bytes_max = 64 << 10;
constexpr std::string_view empty_line = "\r\n\r\n";
constexpr std::string_view cause_disk_trouble = "dropped: disk trouble";

enum class Kind : std::uint8_t { exchange, part };

// What precedes the bytes of a record in the ring. Both threads are of one process: plain memory will do.
struct RecordHead {
  Kind kind = Kind::exchange;
  Direction direction = Direction::request;
  Ending ending = Ending::complete;
  std::uint64_t id = 0;
  std::uint64_t connection = 0;
  std::int64_t request_start = 0;
  std::int64_t request_end = 0;
  std::int64_t response_start = 0;
  std::int64_t response_end = 0;
  std::array<std::size_t, 4> sizes = {};  // of request head, request body, interim, response head; the rest is its body
};

std::string_view bytes_of(const RecordHead& head) { return {reinterpret_cast<const char*>(&head), sizeof head}; }

base::Time time_of(std::int64_t ns) { return base::Time(base::Nanoseconds(ns)); }
std::int64_t ns_of(base::Time time) { return time.time_since_epoch().count(); }

Ending ending_of(const events::Exchange& event) {
  using events::Outcome;
  switch (event.outcome) {
    case Outcome::answered:
    case Outcome::faulted: return Ending::complete;
    case Outcome::cancelled: return Ending::client_left;
    case Outcome::refused:
    case Outcome::connect_timeout:
    case Outcome::head_timeout:
    case Outcome::bad_response:
    case Outcome::shed:
    case Outcome::held_off: return Ending::response_missing;
    case Outcome::bad_request: return Ending::request_truncated;
    case Outcome::reset:
    case Outcome::idle_timeout:
    case Outcome::total_timeout: return Ending::reset;
  }
  return Ending::reset;
}

}  // namespace

// One exchange on its way into the ring.
class Recorder::Take final : public wire::Tap {
 public:
  explicit Take(Recorder& recorder) : recorder_(recorder) {}

  void begin(std::uint64_t id, const wire::RequestSight& request) {
    head_ = {};
    head_.id = id;
    head_.connection = request.connection;
    head_.request_start = head_.request_end = ns_of(request.received);
    body_left_ = request.head.content_length.value_or(0);
    chunked_ = request.head.has_body && !request.head.content_length;
    body_end_.clear();
    bytes_ = 0;
    dropped_ = nullptr;
    for (std::string& text : texts_) {
      text.clear();
      if (text.capacity() > kept_bytes_max) text.shrink_to_fit();
    }
  }

  void bytes(wire::Part part, std::string_view bytes) override {
    bytes_ += bytes.size();
    if (dropped_ != nullptr) return;
    std::string& text = texts_[static_cast<std::size_t>(part)];
    text += bytes;
    if (part == wire::Part::request_body) {
      head_.request_end = ns_of(recorder_.clock_.now());
      body_left_ -= std::min<std::uint64_t>(body_left_, bytes.size());
      body_end_.append(bytes.substr(bytes.size() - std::min(bytes.size(), empty_line.size())));
      if (body_end_.size() > empty_line.size()) body_end_.erase(0, body_end_.size() - empty_line.size());
      hand_over_parts(Direction::request, text);
    } else if (part == wire::Part::response_body) {
      hand_over_parts(Direction::response, text);
    } else if (texts_[request_head].size() + texts_[interim].size() + texts_[response_head].size() > heads_bytes_max) {
      give_up(recorder_.heads_too_large_);  // an upstream may send interim responses for ever
    }
  }

  void ended(const events::Exchange& event) override {
    if (event.outcome == events::Outcome::bad_request) dropped_ = &recorder_.malformed_;
    if (dropped_ == nullptr && !hand_over(event)) dropped_ = &recorder_.queue_full_;
    if (dropped_ != nullptr) {
      dropped_->bytes.fetch_add(bytes_, std::memory_order_relaxed);
      dropped_->count.fetch_add(1, std::memory_order_relaxed);
    }
    recorder_.free_takes_.push_back(this);
  }

 private:
  // The texts, by wire::Part.
  enum Text : std::size_t { request_head, request_body, interim, response_head, response_body, text_count };

  bool hand_over(const events::Exchange& event) {
    const bool answered = !texts_[response_head].empty();
    head_.kind = Kind::exchange;
    head_.ending = ending_of(event);
    // Answered by the relay itself, a fault for instance: nothing was received.
    if (head_.ending == Ending::complete && !answered) head_.ending = Ending::response_missing;
    if (!request_is_whole()) head_.ending = Ending::request_truncated;
    head_.response_start = answered || !texts_[interim].empty() ? ns_of(event.first_byte) : 0;
    head_.response_end = answered ? ns_of(event.end) : 0;
    for (std::size_t i = 0; i < head_.sizes.size(); ++i) head_.sizes[i] = texts_[i].size();
    const std::array<std::string_view, 1 + text_count> parts = {bytes_of(head_), texts_[0], texts_[1],
                                                                texts_[2],       texts_[3], texts_[4]};
    return recorder_.ring_.try_push(parts);
  }

  // A server may answer, and a client may leave, before the body was sent. Sent again, such a request would keep its
  // target waiting for the rest. A chunked body that is whole ends with an empty line.
  bool request_is_whole() const { return body_left_ == 0 && (!chunked_ || body_end_ == empty_line); }

  void hand_over_parts(Direction direction, std::string& text) {
    const std::size_t piece_bytes = recorder_.options_.part_bytes;
    if (text.size() < piece_bytes) return;
    RecordHead part;
    part.kind = Kind::part;
    part.direction = direction;
    part.id = head_.id;
    std::string_view left = text;
    for (; left.size() >= piece_bytes; left.remove_prefix(piece_bytes)) {
      const std::array<std::string_view, 2> record = {bytes_of(part), left.substr(0, piece_bytes)};
      if (!recorder_.ring_.try_push(record)) return give_up(recorder_.queue_full_);
    }
    text.erase(0, text.size() - left.size());
  }

  void give_up(Drops& cause) {
    dropped_ = &cause;
    for (std::string& text : texts_) text.clear();
  }

  Recorder& recorder_;
  RecordHead head_;
  std::array<std::string, text_count> texts_;
  std::uint64_t body_left_ = 0;  // of the request's Content-Length
  bool chunked_ = false;
  std::string body_end_;  // the last bytes of the request's body so far
  std::uint64_t bytes_ = 0;
  Drops* dropped_ = nullptr;  // why; nullptr: it is not
};

base::Result<std::unique_ptr<Recorder>> Recorder::start(const std::string& path, Meta meta, const base::Clock& clock,
                                                        RecorderOptions options) {
  auto writer = CaptureWriter::create(path, std::move(meta));
  if (!writer) return std::unexpected(writer.error());
  return std::unique_ptr<Recorder>(new Recorder(std::move(*writer), clock, std::move(options)));
}

Recorder::Recorder(CaptureWriter writer, const base::Clock& clock, RecorderOptions options)
    : writer_(std::move(writer)), clock_(clock), options_(std::move(options)), ring_(options_.ring_bytes) {
  // An exchange's own record brings the rest of two bodies and its heads: that must fit an empty ring.
  options_.part_bytes = std::clamp<std::size_t>(options_.part_bytes, 1, ring_.record_bytes_max() / 4);
  thread_ = std::thread([this] { write_all(); });
}

Recorder::~Recorder() {
  if (!thread_.joinable()) return;
  ending_ = true;
  ring_.wake();
  thread_.join();
}

wire::Tap* Recorder::tap(const wire::RequestSight& request) {
  if (free_takes_.empty()) free_takes_.push_back(takes_.emplace_back(std::make_unique<Take>(*this)).get());
  Take* const take = free_takes_.back();
  free_takes_.pop_back();
  take->begin(next_id_++, request);
  return take;
}

base::Result<Account> Recorder::finish() {
  if (thread_.joinable()) {
    ending_ = true;
    ring_.wake();
    thread_.join();
  }
  if (auto closed = writer_.close(); !closed) return std::unexpected(closed.error());
  return writer_.account();
}

void Recorder::write_all() {
  while (true) {
    const bool last = ending_;
    drain_ring();
    settle(writer_.tick(clock_.now()));
    if (last) return;
    ring_.wait(wake_every);
  }
}

void Recorder::drain_ring() {
  std::size_t written = 0;
  for (std::string_view record = ring_.front(); record.data() != nullptr; record = ring_.front()) {
    write_record(record);
    ring_.pop();
    if (++written % records_between_ticks == 0) settle(writer_.tick(clock_.now()));
  }
  count_drops();
}

void Recorder::write_record(std::string_view record) {
  RecordHead head;
  std::memcpy(&head, record.data(), sizeof head);
  record.remove_prefix(sizeof head);
  base::Result<void> result;
  const std::size_t bytes = record.size();
  if (head.kind == Kind::part) {
    result = write_part(head.id, head.direction, record);
  } else if (holed_.erase(head.id) > 0) {
    writer_.count(cause_disk_trouble, 1, bytes);
    return;
  } else {
    Exchange exchange;
    exchange.id = head.id;
    exchange.connection = head.connection;
    exchange.request_start = time_of(head.request_start);
    exchange.request_end = time_of(head.request_end);
    exchange.response_start = time_of(head.response_start);
    exchange.response_end = time_of(head.response_end);
    exchange.ending = head.ending;
    std::size_t part = 0;
    for (std::string* text :
         {&exchange.request.head, &exchange.request.body, &exchange.interim, &exchange.response.head}) {
      *text = record.substr(0, head.sizes[part]);
      record.remove_prefix(head.sizes[part++]);
    }
    exchange.response.body = record;
    result = writer_.append(exchange);
  }
  if (!result) writer_.count(cause_disk_trouble, head.kind == Kind::exchange ? 1 : 0, bytes);
  settle(std::move(result));
}

// A body with a hole in it is worth less than none: once a piece is lost, so are the others and their exchange.
base::Result<void> Recorder::write_part(std::uint64_t exchange, Direction direction, std::string_view bytes) {
  if (holed_.contains(exchange)) {
    writer_.count(cause_disk_trouble, 0, bytes.size());
    return {};
  }
  auto result = writer_.append_part(exchange, direction, bytes);
  if (!result) {
    // Those that the ring had no room to end stay here; the oldest of them go first.
    if (holed_.size() >= holed_max) holed_.erase(holed_.begin());
    holed_.insert(exchange);
  }
  return result;
}

void Recorder::settle(base::Result<void> result) {
  if (result || troubles_.size() >= troubles_max) return;
  const auto [trouble, is_new] = troubles_.insert(result.error().message);
  if (is_new && options_.on_trouble) options_.on_trouble(*trouble);
}

void Recorder::count_drops() {
  for (Drops* drops : {&queue_full_, &heads_too_large_, &malformed_}) {
    const std::uint64_t count = drops->count.load(std::memory_order_relaxed);
    const std::uint64_t bytes = drops->bytes.load(std::memory_order_relaxed);
    if (count == drops->counted && bytes == drops->bytes_counted) continue;
    writer_.count(drops->cause, count - drops->counted, bytes - drops->bytes_counted);
    drops->counted = count;
    drops->bytes_counted = bytes;
  }
}

}  // namespace stormproof::replay
