// Answer comparison: what the versions of a service answered to the same requests, compared while the run goes on.
//
// The senders hand over answers; when all of a request are there they go to a thread of its own, whose findings are events of the
// run's log. Nothing here may delay the senders: what is waiting is bounded in number and bytes, and what has no room is left out,
// uncompared, which the judge sees. Secrets are the record's to hide.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "harness/events/log.h"
#include "replay/difference.h"
#include "replay/difference_rules.h"
#include "replay/outbox.h"

namespace stormproof::run {

class AnswerComparison {
 public:
  static constexpr std::size_t waiting_max = 10'000;  // requests: for an answer, or to be compared
  static constexpr std::uint64_t waiting_bytes_max = 256 << 20;
  static constexpr std::size_t details_max = 3;     // of each place, for people
  static constexpr std::size_t places_max = 5'000;  // of all; the rest is "(other)"

  // `parties`: the candidate first, then the baseline, then perhaps the second one.
  AnswerComparison(replay::DifferenceRules rules, std::vector<std::string> parties);
  ~AnswerComparison();

  // Of the n-th party; outlived by the comparison. Called on the senders' thread, all of them on one.
  replay::AnswerTaker& taker(std::size_t party) { return *takers_[party]; }

  // What has been found so far. Any thread.
  events::Log snapshot();

  // Compares what is waiting, and gives all that was found. The last call; the senders have ended.
  events::Log finish();

 private:
  struct Asked {
    std::string method;
    std::string route;
    std::uint64_t request = 0;
    std::vector<replay::Answer> answers;  // by party
    std::vector<bool> there;
    std::uint64_t bytes = 0;
    bool sent = true;  // to all
  };
  class Taker final : public replay::AnswerTaker {
   public:
    Taker(AnswerComparison& owner, std::size_t party) : owner_(owner), party_(party) {}
    void take(const replay::Shot& shot, const events::Exchange& event, replay::Answer answer) override {
      owner_.take(party_, shot, event, std::move(answer));
    }

   private:
    AnswerComparison& owner_;
    std::size_t party_;
  };

  void take(std::size_t party, const replay::Shot& shot, const events::Exchange& event, replay::Answer answer);
  void work();
  void compare(Asked& asked);
  void write_down(std::size_t party, std::uint64_t request, const std::string& route,
                  const std::vector<replay::Difference>& found);

  replay::DifferenceRules rules_;
  std::vector<std::string> parties_;
  std::vector<std::unique_ptr<Taker>> takers_;
  std::unordered_map<std::uint64_t, Asked> asked_;  // by number; the senders' thread

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Asked> whole_;
  std::uint64_t bytes_ = 0;  // of all that wait
  bool finishing_ = false;
  events::Log log_;
  std::map<std::string, std::size_t> details_;  // given, by place; the comparing thread
  std::thread thread_;                          // the last: it uses all the others
};

}  // namespace stormproof::run
