// Deadlines: timeouts, checked coarsely, for thousands of connections at no cost an operation.
//
// Setting a deadline is a look at the kernel's coarse clock and a store. One timer walks the entries every `resolution`
// and tells those that have passed: never early, late by at most two resolutions. The timer rests while there is no
// entry. One thread; entries outlive neither the io_context nor the Deadlines.
#pragma once

#include <chrono>
#include <memory>

#include "harness/wire/net.h"

namespace stormproof::wire {

class Deadlines {
 public:
  static constexpr std::chrono::milliseconds resolution{50};

  class Entry {
   public:
    explicit Entry(Deadlines& deadlines);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry();

    // Replaces the deadline before; zero or less is none.
    void set(std::chrono::nanoseconds from_now);
    void clear() { at_ = none; }

    // From now on no deadline is later than this, and where none is set this one stands. Zero or less: no such end.
    void set_end(std::chrono::nanoseconds from_now);
    // In on_deadline(): what has passed is that end.
    bool at_end() const { return at_end_; }

   protected:
    // The deadline has passed and is cleared. May set it again; may not destroy entries.
    virtual void on_deadline() = 0;

   private:
    friend class Deadlines;
    static constexpr std::chrono::steady_clock::time_point none = std::chrono::steady_clock::time_point::max();
    Deadlines& deadlines_;
    Entry* next_;
    Entry* previous_ = nullptr;
    std::chrono::steady_clock::time_point at_ = none;
    std::chrono::steady_clock::time_point end_ = none;
    bool at_end_ = false;
  };

  explicit Deadlines(IoContext& io);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;
  ~Deadlines();

 private:
  void go_on();
  void sweep();

  Timer timer_;
  bool ticking_ = false;
  std::shared_ptr<Deadlines*> self_;  // what a tick that is already queued finds null when this is gone
  Entry* first_ = nullptr;
  Entry* sweeping_ = nullptr;  // the next one to look at, kept right when entries go
};

}  // namespace stormproof::wire
