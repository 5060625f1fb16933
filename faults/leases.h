// Leases: what ends by itself when nobody renews it: the faults of runs, and those that are set by hand.
//
// Each lease has a term; when that has passed since it was granted or last renewed, its end is called, once. A lease
// that is given back (destroyed) ends nothing. Waits exactly until the next one is due, and only while there is one. One thread,
// that of its loop. The leases end before their Leases, which is closed first.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>

#include "harness/base/task_group.h"
#include "harness/wire/pause.h"

namespace stormproof::faults {

class Leases {
 public:
  explicit Leases(wire::IoContext& io) : pause_(io) {}

  class Lease {
   public:
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // The term begins anew.
    void renew();
    std::chrono::nanoseconds term() const { return term_; }
    // Of its term; 0: it has ended.
    std::chrono::nanoseconds left() const;

   private:
    friend class Leases;
    Lease(Leases& all, std::chrono::nanoseconds term, std::function<void()> end)
        : all_(all), term_(term), end_(std::move(end)) {}

    Leases& all_;
    std::chrono::nanoseconds term_;
    std::chrono::steady_clock::time_point until_{};
    std::function<void()> end_;
    std::list<Lease*>::iterator at_{};
    bool stands_ = true;
  };

  // `end` may destroy the lease.
  std::unique_ptr<Lease> grant(std::chrono::nanoseconds term, std::function<void()> end);

  // Ends nothing any more. Completes when nothing waits.
  base::Task<> close();

 private:
  base::Task<> watch();
  void end_what_is_due();

  wire::Pause pause_;
  base::TaskGroup tasks_;
  std::list<Lease*> standing_;
  bool watching_ = false;
  bool closing_ = false;
};

}  // namespace stormproof::faults
