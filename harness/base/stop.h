// Stop: "please end", told to everything that waits. One thread.
//
// Whoever waits registers a StopHook for the time of its wait; request() calls each hook once. A hook may be
// destroyed inside a call, its own or another's.
#pragma once

#include <utility>

namespace stormproof::base {

class StopHook;

class Stop {
 public:
  Stop() = default;
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  bool requested() const { return requested_; }
  inline void request();

 private:
  friend class StopHook;
  StopHook* first_ = nullptr;
  bool requested_ = false;
};

class StopHook {
 public:
  explicit StopHook(Stop& stop) : stop_(stop), next_(stop.first_) {
    if (next_ != nullptr) next_->previous_ = this;
    stop_.first_ = this;
  }
  StopHook(const StopHook&) = delete;
  StopHook& operator=(const StopHook&) = delete;
  virtual ~StopHook() { unlink(); }

 protected:
  virtual void on_stop() = 0;

 private:
  friend class Stop;
  void unlink() {
    if (previous_ != nullptr) previous_->next_ = next_;
    else if (stop_.first_ == this) stop_.first_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

  Stop& stop_;
  StopHook* next_;
  StopHook* previous_ = nullptr;
};

inline void Stop::request() {
  requested_ = true;
  while (first_ != nullptr) {
    StopHook* const hook = first_;
    hook->unlink();
    hook->on_stop();
  }
}

}  // namespace stormproof::base
