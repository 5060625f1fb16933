#include "harness/proxy/access_lane.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace stormproof::proxy {
namespace {

// What precedes method and target in a record. Both threads are of one process: plain memory will do.
struct RecordHead {
  AccessLine line;  // its views are of no use
  std::size_t method_bytes = 0;
};
static_assert(std::is_trivially_copyable_v<RecordHead>);

AccessLaneOptions within_limits(AccessLaneOptions options) {
  options.target_bytes_max =
      std::clamp(options.target_bytes_max, AccessLane::target_bytes_least, AccessLane::target_bytes_most);
  // One record must always fit an empty ring, which holds half its size at least.
  const std::size_t record_bytes = sizeof(RecordHead) + AccessLane::method_bytes_max + options.target_bytes_max;
  options.ring_bytes = std::max(options.ring_bytes, 4 * record_bytes);
  return options;
}

}  // namespace

// One exchange under way.
class AccessLane::Note final : public wire::Tap {
 public:
  explicit Note(AccessLane& lane) : lane_(lane) {}

  void begin(const wire::RequestSight& request, wire::Tap* inner) {
    inner_ = inner;
    std::string_view target = request.head.target;
    if (!lane_.options_.query) target = target.substr(0, target.find('?'));
    target_cut_ = target.size() > lane_.options_.target_bytes_max;
    method_.assign(request.head.method.substr(0, method_bytes_max));
    target_.assign(target.substr(0, lane_.options_.target_bytes_max));
    shadow_of_ = request.shadow_of;
  }

  void bytes(wire::Part part, std::string_view bytes) override {
    if (inner_ != nullptr) inner_->bytes(part, bytes);
  }
  std::uint64_t id() const override { return inner_ == nullptr ? 0 : inner_->id(); }
  void ended(const events::Exchange& exchange) override {
    hand_over(exchange);
    wire::Tap* const inner = inner_;
    lane_.free_notes_.push_back(this);
    if (inner != nullptr) inner->ended(exchange);
  }

 private:
  void hand_over(const events::Exchange& exchange) {
    RecordHead head;
    head.line.start = exchange.start;
    head.line.duration = exchange.end - exchange.start;
    if (exchange.first_byte != base::Time{})
      head.line.first_byte = std::max(exchange.first_byte - exchange.start, base::Nanoseconds(0));
    head.line.connection = exchange.connection;
    head.line.request = exchange.request;
    head.line.shadow_of = shadow_of_;
    head.line.request_bytes = exchange.request_bytes;
    head.line.response_bytes = exchange.response_bytes;
    head.line.trace = exchange.trace;
    head.line.outcome = exchange.outcome;
    head.line.status = exchange.status;
    head.line.target_cut = target_cut_;
    head.method_bytes = method_.size();
    const std::array<std::string_view, 3> parts = {std::string_view(reinterpret_cast<const char*>(&head), sizeof head),
                                                   method_, target_};
    if (lane_.ring_.try_push(parts)) return;
    lane_.dropped_.store(lane_.dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  AccessLane& lane_;
  wire::Tap* inner_ = nullptr;
  std::string method_;
  std::string target_;
  std::uint64_t shadow_of_ = 0;
  bool target_cut_ = false;
};

AccessLane::AccessLane(wire::Tapper* inner, AccessLaneOptions options)
    : inner_(inner), options_(within_limits(options)), ring_(options_.ring_bytes) {}

AccessLane::~AccessLane() = default;

wire::Tap* AccessLane::tap(const wire::RequestSight& request) {
  if (free_notes_.empty()) {
    notes_.push_back(std::make_unique<Note>(*this));
    free_notes_.reserve(notes_.capacity());
    free_notes_.push_back(notes_.back().get());
  }
  Note* const note = free_notes_.back();
  free_notes_.pop_back();
  note->begin(request, inner_ == nullptr ? nullptr : inner_->tap(request));
  return note;
}

AccessLine AccessLane::read_record(std::string_view record) {
  RecordHead head;
  std::memcpy(&head, record.data(), sizeof head);
  record.remove_prefix(sizeof head);
  head.line.method = record.substr(0, head.method_bytes);
  head.line.target = record.substr(head.method_bytes);
  return head.line;
}

}  // namespace stormproof::proxy
