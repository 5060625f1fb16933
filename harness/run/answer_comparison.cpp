#include "harness/run/answer_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/events/names.h"
#include "replay/answer_difference.h"

namespace stormproof::run {
namespace {

std::string value_of(const std::string& text, bool there) { return there ? text : "nothing"; }

// "$.items[3].price: 12.5 became 13".
std::string detail_of(const replay::Difference& difference) {
  using replay::Change;
  if (difference.change == Change::order) return difference.where + ": another order";
  return fmt::format("{}: {} became {}", difference.where,
                     value_of(difference.baseline, difference.change != Change::added),
                     value_of(difference.candidate, difference.change != Change::missing));
}

}  // namespace

AnswerComparison::AnswerComparison(replay::DifferenceRules rules, std::vector<std::string> parties)
    : rules_(std::move(rules)), parties_(std::move(parties)) {
  for (std::size_t i = 0; i < parties_.size(); ++i) takers_.push_back(std::make_unique<Taker>(*this, i));
  thread_ = std::thread([this] { work(); });
}

AnswerComparison::~AnswerComparison() {
  if (thread_.joinable()) finish();
}

void AnswerComparison::take(std::size_t party, const replay::Shot& shot, const events::Exchange& event,
                            replay::Answer answer) {
  const auto known = asked_.find(shot.request);
  if (known == asked_.end() && asked_.size() >= waiting_max) return;  // it stays uncompared
  Asked& asked = known == asked_.end() ? asked_[shot.request] : known->second;
  if (asked.answers.empty()) {
    asked.method = shot.method;
    asked.route = events::route_of(shot.method, shot.target);
    asked.request = shot.request;
    asked.answers.resize(parties_.size());
    asked.there.resize(parties_.size());
  }
  const std::uint64_t bytes = answer.body.size() + answer.head.size();
  asked.sent = asked.sent && !events::never_sent(event);
  asked.bytes += bytes;
  asked.answers[party] = std::move(answer);
  asked.there[party] = true;
  const bool whole = std::ranges::all_of(asked.there, [](bool there) { return there; });
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
  if (bytes_ > waiting_bytes_max || whole_.size() >= waiting_max)
    asked.sent = false;  // no room: its bodies go, uncompared
  if (!asked.sent) {
    bytes_ -= std::exchange(asked.bytes, 0);
    for (replay::Answer& one : asked.answers) one = {};
  }
  if (!whole) return;
  if (asked.sent) {
    whole_.push_back(std::move(asked));
    more_.notify_one();
  }
  asked_.erase(shot.request);
}

void AnswerComparison::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return finishing_ || !whole_.empty(); });
    if (whole_.empty()) return;
    Asked asked = std::move(whole_.front());
    whole_.pop_front();
    lock.unlock();
    compare(asked);
    lock.lock();
    bytes_ -= asked.bytes;
  }
}

void AnswerComparison::compare(Asked& asked) {
  constexpr std::size_t candidate = 0;
  constexpr std::size_t baseline = 1;
  replay::ReadAnswer of_baseline(asked.answers[baseline]);
  for (std::size_t party = 0; party < parties_.size(); ++party) {
    if (party == baseline) continue;
    replay::ReadAnswer read(asked.answers[party]);
    auto found = replay::answer_differences(of_baseline, read, asked.method, asked.route, rules_);
    if (party != candidate) {
      for (replay::Difference& difference : found) difference.where.clear();  // noise needs no example
    }
    write_down(party, asked.request, asked.route, found);
  }
}

void AnswerComparison::write_down(std::size_t party, std::uint64_t request, const std::string& route,
                                  const std::vector<replay::Difference>& found) {
  const std::lock_guard lock(mutex_);
  events::AnswerDifference event{.request = request, .party = log_.names.id_of(parties_[party])};
  if (found.empty()) log_.differences.push_back(event);
  for (const replay::Difference& difference : found) {
    const std::string place = fmt::format("{} {} {}", route, difference.path, static_cast<int>(difference.change));
    const bool known = details_.contains(place) || details_.size() < places_max;
    event.path = log_.names.id_of(known ? difference.path : std::string(events::Names::other));
    event.change = static_cast<std::uint8_t>(difference.change);
    event.detail = 0;
    if (known && !difference.where.empty() && details_[place] < details_max) {
      ++details_[place];
      event.detail = log_.names.id_of(detail_of(difference));
    } else if (known) {
      details_.try_emplace(place, 0);
    }
    log_.differences.push_back(event);
  }
}

events::Log AnswerComparison::snapshot() {
  const std::lock_guard lock(mutex_);
  return events::copy_of(log_);
}

events::Log AnswerComparison::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  more_.notify_one();
  if (thread_.joinable()) thread_.join();
  return std::move(log_);
}

}  // namespace stormproof::run
