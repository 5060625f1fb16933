#include "harness/wire/loop_thread.h"

#include "harness/base/time_slice.h"

namespace stormproof::wire {
namespace {

base::Task<> then_tell(base::Task<> task, std::promise<void>& done) {
  co_await std::move(task);
  done.set_value();
}

}  // namespace

LoopThread::LoopThread()
    : work_(io_.get_executor()), thread_([this] {
        // Faults and pacing are timers; where the kernel has no such thing, they are later.
        base::ask_for_short_slice();
        io_.run();
      }) {}

LoopThread::~LoopThread() { end(); }

void LoopThread::run(base::Task<> task) {
  std::promise<void> done;
  auto ended = done.get_future();
  call([&] { tasks_.spawn(then_tell(std::move(task), done)); });
  ended.get();
}

void LoopThread::end() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
}

}  // namespace stormproof::wire
