#include "harness/proxy/roll_call.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "harness/wire/pause.h"

namespace stormproof::proxy {

struct RollCall::Waiter {
  Waiter(wire::IoContext& home, std::size_t workers) : pause(home), missing(workers, true), left(workers) {}
  wire::Pause pause;
  std::vector<bool> missing;
  std::size_t left;
};

// Touched on the home thread only.
struct RollCall::State {
  explicit State(std::size_t workers) : asked(workers, false) {}

  void answered(std::size_t worker) {
    asked[worker] = false;
    for (Waiter* const waiter : waiters) {
      if (!waiter->missing[worker]) continue;
      waiter->missing[worker] = false;
      if (--waiter->left == 0) waiter->pause.interrupt();
    }
  }

  std::vector<bool> asked;  // and not yet answered
  std::vector<Waiter*> waiters;
};

RollCall::RollCall(wire::IoContext& home, std::vector<Worker> workers)
    : home_(home), workers_(std::move(workers)), state_(std::make_shared<State>(workers_.size())) {}

RollCall::~RollCall() = default;

void RollCall::ask(std::size_t worker) {
  if (state_->asked[worker]) return;
  state_->asked[worker] = true;
  workers_[worker]([state = state_, &home = home_, worker] {
    wire::asio::post(home, [state, worker] { state->answered(worker); });
  });
}

base::Task<std::vector<std::size_t>> RollCall::call(base::Nanoseconds within) {
  Waiter waiter(home_, workers_.size());
  state_->waiters.push_back(&waiter);
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) ask(worker);
  if (waiter.left > 0) co_await waiter.pause.lasting(within);
  std::erase(state_->waiters, &waiter);
  std::vector<std::size_t> silent;
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    if (waiter.missing[worker]) silent.push_back(worker);
  }
  co_return silent;
}

}  // namespace stormproof::proxy
