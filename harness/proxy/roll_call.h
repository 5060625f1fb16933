// RollCall: asks workers, each a thread with an io_context of its own, for a sign of life, and waits without blocking.
//
// call() and the destructor run on the home thread; a worker runs a ping between two of its other jobs. One that does
// not answer is asked once only, however often it is called: its answer, when it comes, counts for every call that still
// waits. The home io_context outlives the workers' loops; the RollCall itself need not.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/wire/net.h"

namespace stormproof::proxy {

class RollCall {
 public:
  // Has the worker's thread run `ping` soon: asio::post(worker's io_context, ping).
  using Worker = std::function<void(std::function<void()> ping)>;

  RollCall(wire::IoContext& home, std::vector<Worker> workers);
  ~RollCall();

  // The numbers, from 0, of the workers that have not answered within this time. No call may be under way when the
  // RollCall is destroyed.
  base::Task<std::vector<std::size_t>> call(base::Nanoseconds within);

 private:
  struct Waiter;
  struct State;
  void ask(std::size_t worker);

  wire::IoContext& home_;
  std::vector<Worker> workers_;
  std::shared_ptr<State> state_;  // what a late answer finds
};

}  // namespace stormproof::proxy
