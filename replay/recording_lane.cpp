#include "replay/recording_lane.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "replay/segments.h"

namespace stormproof::replay {
namespace {

// A take that has grown beyond this gives its memory back after its exchange.
constexpr std::size_t kept_bytes_max = 64 << 10;
constexpr std::string_view empty_line = "\r\n\r\n";

// What precedes the bytes of a record in the ring. Both threads are of one process: plain memory will do.
struct RecordHead {
  HandedOver::Kind kind = HandedOver::Kind::exchange;
  Direction direction = Direction::request;
  Ending ending = Ending::complete;
  std::uint64_t id = 0;
  std::uint64_t connection = 0;
  std::uint64_t shadow_of = 0;
  std::array<std::int64_t, 4> times = {};  // as those of an Entry
  PartedSizes parted = {};                 // of a part: what came before it, by its direction
  std::uint64_t bytes_in_all = 0;
  // Of request head, request body, interim, response head and response body; the rest are the segments.
  std::array<std::size_t, 5> sizes = {};
};

enum TimeOf : std::size_t { request_start, request_end, response_start, response_end };

std::string_view bytes_of(const RecordHead& head) { return {reinterpret_cast<const char*>(&head), sizeof head}; }

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
    case Outcome::held_off:
    case Outcome::tls_failed: return Ending::response_missing;
    case Outcome::bad_request: return Ending::request_truncated;
    case Outcome::reset:
    case Outcome::idle_timeout:
    case Outcome::total_timeout: return Ending::reset;
  }
  return Ending::reset;
}

}  // namespace

HandedOver read_record(std::string_view record) {
  RecordHead head;
  std::memcpy(&head, record.data(), sizeof head);
  record.remove_prefix(sizeof head);
  HandedOver handed;
  handed.kind = head.kind;
  handed.entry.id = head.id;
  handed.entry.connection = head.connection;
  handed.entry.shadow_of = head.shadow_of;
  handed.entry.times = head.times;
  handed.entry.ending = head.ending;
  handed.parted = head.parted;
  handed.bytes_in_all = head.bytes_in_all;
  handed.direction = head.direction;
  handed.offset = head.parted[static_cast<std::size_t>(head.direction)];
  handed.bytes = record;
  std::size_t text = 0;
  Entry& entry = handed.entry;
  for (std::string_view* view :
       {&entry.request_head, &entry.request_body, &entry.interim, &entry.response_head, &entry.response_body}) {
    *view = record.substr(0, head.sizes[text]);
    record.remove_prefix(head.sizes[text++]);
  }
  entry.segments = record;
  return handed;
}

// One exchange on its way into the ring.
class RecordingLane::Take final : public wire::Tap {
 public:
  explicit Take(RecordingLane& lane) : lane_(lane) {}

  void begin(std::uint64_t id, const wire::RequestSight& request) {
    head_ = {};
    head_.id = id;
    head_.connection = request.connection;
    head_.shadow_of = request.shadow_of;
    head_.times[request_start] = head_.times[request_end] = ns_of(request.received);
    body_left_ = request.head.content_length.value_or(0);
    chunked_ = request.head.has_body && !request.head.content_length;
    body_end_.clear();
    bytes_ = 0;
    dropped_ = cause_count;
    connects_ = request.head.method == "CONNECT";
    segments_.clear();
    for (std::string& text : texts_) {
      text.clear();
      if (text.capacity() > kept_bytes_max) text.shrink_to_fit();
    }
  }

  std::uint64_t id() const override { return head_.id; }

  void bytes(wire::Part part, std::string_view bytes) override {
    bytes_ += bytes.size();
    if (dropped_ != cause_count) return;
    std::string& text = texts_[static_cast<std::size_t>(part)];
    text += bytes;
    if (is_body(part) && is_stream()) {
      const base::Nanoseconds after(ns_of(lane_.clock_.now()) - head_.times[request_start]);
      segments_.note(
          {part == wire::Part::request_body ? Direction::request : Direction::response, after, bytes.size()});
    }
    if (part == wire::Part::request_body) {
      head_.times[request_end] = ns_of(lane_.clock_.now());
      body_left_ -= std::min<std::uint64_t>(body_left_, bytes.size());
      body_end_.append(bytes.substr(bytes.size() - std::min(bytes.size(), empty_line.size())));
      if (body_end_.size() > empty_line.size()) body_end_.erase(0, body_end_.size() - empty_line.size());
      hand_over_parts(Direction::request, text);
    } else if (part == wire::Part::response_body) {
      hand_over_parts(Direction::response, text);
    } else if (texts_[request_head].size() + texts_[interim].size() + texts_[response_head].size() > heads_bytes_max) {
      give_up(heads_too_large);  // an upstream may send interim responses for ever
    }
  }

  void ended(const events::Exchange& event) override {
    if (dropped_ == cause_count) {
      if (event.outcome == events::Outcome::bad_request) give_up(malformed);
      else if (!hand_over(event)) give_up(queue_full);
    }
    if (dropped_ != cause_count) {
      Drops& drops = lane_.drops_[dropped_];
      drops.bytes.fetch_add(bytes_, std::memory_order_relaxed);
      drops.count.fetch_add(1, std::memory_order_relaxed);
    }
    lane_.free_takes_.push_back(this);
  }

 private:
  // The texts, by wire::Part.
  enum Text : std::size_t { request_head, request_body, interim, response_head, response_body, text_count };

  static bool is_body(wire::Part part) { return part == wire::Part::request_body || part == wire::Part::response_body; }

  // Bytes both ways that no HTTP frames: without heads in TCP mode, behind them in a tunnel.
  bool is_stream() const {
    if (texts_[request_head].empty()) return true;
    const int status = status_of(texts_[response_head]);
    return status == 101 || (connects_ && status / 100 == 2);
  }

  bool hand_over(const events::Exchange& event) {
    const bool stream = texts_[request_head].empty();  // of TCP mode
    const bool answered = stream ? event.response_bytes > 0 : !texts_[response_head].empty();
    head_.kind = HandedOver::Kind::exchange;
    head_.ending = ending_of(event);
    // Answered by the relay itself, a fault for instance: nothing was received.
    if (head_.ending == Ending::complete && !answered && !stream) head_.ending = Ending::response_missing;
    if (!request_is_whole()) head_.ending = Ending::request_truncated;
    head_.times[response_start] = answered || !texts_[interim].empty() ? ns_of(event.first_byte) : 0;
    head_.times[response_end] = answered ? ns_of(event.end) : 0;
    head_.bytes_in_all = bytes_;
    for (std::size_t i = 0; i < head_.sizes.size(); ++i) head_.sizes[i] = texts_[i].size();
    const std::array<std::string_view, 2 + text_count> parts = {bytes_of(head_), texts_[0], texts_[1],       texts_[2],
                                                                texts_[3],       texts_[4], segments_.text()};
    return lane_.push(parts);
  }

  // A server may answer, and a client may leave, before the body was sent. Sent again, such a request would keep its
  // target waiting for the rest. A chunked body that is whole ends with an empty line.
  bool request_is_whole() const { return body_left_ == 0 && (!chunked_ || body_end_ == empty_line); }

  void hand_over_parts(Direction direction, std::string& text) {
    const std::size_t piece_bytes = lane_.part_bytes_;
    if (text.size() < piece_bytes) return;
    RecordHead part;
    part.kind = HandedOver::Kind::part;
    part.direction = direction;
    part.id = head_.id;
    std::uint64_t& parted = head_.parted[static_cast<std::size_t>(direction)];
    std::string_view left = text;
    for (; left.size() >= piece_bytes; left.remove_prefix(piece_bytes)) {
      part.parted = head_.parted;
      const std::array<std::string_view, 2> record = {bytes_of(part), left.substr(0, piece_bytes)};
      if (!lane_.push(record)) return give_up(queue_full);
      parted += piece_bytes;
    }
    text.erase(0, text.size() - left.size());
  }

  void give_up(Cause cause) {
    dropped_ = cause;
    for (std::string& text : texts_) text.clear();
    if (head_.parted != PartedSizes{}) lane_.tell_given_up(head_.id);
  }

  RecordingLane& lane_;
  RecordHead head_;
  std::array<std::string, text_count> texts_;
  std::uint64_t body_left_ = 0;  // of the request's Content-Length
  bool chunked_ = false;
  std::string body_end_;  // the last bytes of the request's body so far
  std::uint64_t bytes_ = 0;
  Cause dropped_ = cause_count;  // why; cause_count: it is not
  bool connects_ = false;
  SegmentNotes segments_;
};

RecordingLane::RecordingLane(const base::Clock& clock, std::size_t ring_bytes, std::size_t part_bytes,
                             std::atomic<std::uint64_t>& ids, base::Bell& bell)
    // An exchange's own record brings the rest of two bodies and its heads: that must fit an empty ring.
    : clock_(clock),
      ids_(ids),
      ring_(ring_bytes, bell),
      part_bytes_(std::clamp<std::size_t>(part_bytes, 1, ring_.record_bytes_max() / 4)) {
  given_up_.reserve(given_up_max);
}

RecordingLane::~RecordingLane() = default;

wire::Tap* RecordingLane::tap(const wire::RequestSight& request) {
  if (free_takes_.empty()) free_takes_.push_back(takes_.emplace_back(std::make_unique<Take>(*this)).get());
  Take* const take = free_takes_.back();
  free_takes_.pop_back();
  take->begin(ids_.fetch_add(1, std::memory_order_relaxed), request);
  return take;
}

bool RecordingLane::push(std::span<const std::string_view> parts) {
  return (given_up_.empty() || push_given_up()) && ring_.try_push(parts);
}

bool RecordingLane::push_given_up() {
  for (; !given_up_.empty(); given_up_.pop_back()) {
    RecordHead head;
    head.kind = HandedOver::Kind::given_up;
    head.id = given_up_.back();
    if (!ring_.try_push(std::array{bytes_of(head)})) return false;
  }
  return true;
}

// Where even this finds no place, the parts lie in their file until it is closed, and count as bodies alone then.
void RecordingLane::tell_given_up(std::uint64_t exchange) {
  if (given_up_.size() == given_up_max) return;
  given_up_.push_back(exchange);
  static_cast<void>(push_given_up());
}

}  // namespace stormproof::replay
