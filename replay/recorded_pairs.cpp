#include "replay/recorded_pairs.h"

#include <deque>
#include <unordered_map>
#include <utility>

#include "replay/capture_reader.h"

namespace stormproof::replay {
namespace {

// Exchanges that wait for their other half, by the id of the live one; the oldest make room.
class Waiting {
 public:
  explicit Waiting(std::uint64_t& given_up) : given_up_(given_up) {}

  void add(std::uint64_t id, Exchange&& exchange) {
    bytes_ += size_of(exchange);
    if (!exchanges_.emplace(id, std::move(exchange)).second) return;
    order_.push_back(id);
    while (bytes_ > RecordedPairs::waiting_bytes_max && !order_.empty()) {
      const auto oldest = exchanges_.find(order_.front());
      order_.pop_front();
      if (oldest == exchanges_.end()) continue;
      bytes_ -= size_of(oldest->second);
      exchanges_.erase(oldest);
      ++given_up_;
    }
  }

  bool take(std::uint64_t id, Exchange& exchange) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return false;
    exchange = std::move(found->second);
    exchanges_.erase(found);
    bytes_ -= size_of(exchange);
    // Those that were taken leave their number behind, until there are more of them than of those that wait.
    if (order_.size() > 2 * exchanges_.size() + numbers_kept) {
      std::erase_if(order_, [this](std::uint64_t number) { return !exchanges_.contains(number); });
    }
    return true;
  }

  std::uint64_t size() const { return exchanges_.size(); }

 private:
  static constexpr std::size_t numbers_kept = 1000;
  static std::size_t size_of(const Exchange& exchange) {
    return sizeof exchange + exchange.request.head.size() + exchange.request.body.size() +
           exchange.response.head.size() + exchange.response.body.size();
  }
  std::uint64_t& given_up_;
  std::unordered_map<std::uint64_t, Exchange> exchanges_;
  std::deque<std::uint64_t> order_;
  std::size_t bytes_ = 0;
};

}  // namespace

base::Result<RecordedPairs> compare_recorded(const std::string& capture, Comparison& comparison) {
  auto reader = CaptureReader::open(capture);
  if (!reader) return std::unexpected(reader.error());
  RecordedPairs pairs;
  Waiting live(pairs.live_only);
  Waiting shadows(pairs.shadow_only);
  Exchange exchange;
  while (true) {
    const auto more = reader->next(exchange);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const bool shadow = exchange.shadow_of != 0;
    const std::uint64_t id = shadow ? exchange.shadow_of : exchange.id;
    Exchange other;
    if (!(shadow ? live : shadows).take(id, other)) {
      (shadow ? shadows : live).add(id, std::move(exchange));
      exchange = {};
      continue;
    }
    if (shadow) std::swap(exchange, other);
    const std::string head = std::move(exchange.request.head);
    const ComparedRequest request{id, 0, method_of(head), target_of(head)};
    comparison.add(request, answer_of(std::move(exchange)), nullptr, answer_of(std::move(other)));
    ++pairs.compared;
    exchange = {};
  }
  pairs.live_only += live.size();
  pairs.shadow_only += shadows.size();
  return pairs;
}

}  // namespace stormproof::replay
