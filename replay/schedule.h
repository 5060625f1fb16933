// Schedule: hands out the shots of a source at their instants, in open loop.
//
// Absolute: a late shot moves no other, and nothing is waited for. One timer for the next instant; when it fires, all that is due
// is handed out; behind schedule answers and time limits still have their turn. One io_context, one thread.
#pragma once

#include <functional>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/wire/pause.h"
#include "replay/shot.h"

namespace stormproof::replay {

class Schedule {
 public:
  using Take = std::function<void(Shot shot, base::Time intended)>;

  // `precise`: spins before each instant, which costs a core. The clock outlives it.
  Schedule(wire::IoContext& io, const base::Clock& clock, bool precise)
      : io_(io), clock_(clock), precise_(precise), pause_(io) {}

  // Every shot at begin + offset; completes when the source is empty, or soon after finish().
  base::Task<> keep(ShotSource& source, base::Time begin, Take take);

  base::Task<> until(base::Time instant);

  void finish();
  bool finishing() const { return finishing_; }

 private:
  base::Task<> spin_until(base::Time instant);

  wire::IoContext& io_;
  const base::Clock& clock_;
  bool precise_;
  wire::Pause pause_;
  bool finishing_ = false;
};

}  // namespace stormproof::replay
