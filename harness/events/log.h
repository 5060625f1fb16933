// Log: the events of one run, in memory, and their compact form at rest.
//
// encode() orders exchanges by start, then side and request, so that equal logs have equal bytes. decode() takes
// any bytes: what is torn, too new or nonsense becomes an Error, never a crash or an allocation beyond the
// input's own claim checked against its size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/events/event.h"
#include "harness/events/names.h"

namespace stormproof::events {

struct Log {
  Names names;
  std::vector<Exchange> exchanges;
  std::vector<FaultFired> faults;
  std::vector<Mark> marks;

  void mark(base::Time at, MarkKind kind, std::string_view name) { marks.push_back({at, kind, names.id_of(name)}); }

  // Takes in another thread's log: its names are renumbered into this table.
  void absorb(Log&& other);

  // Puts everything in its order at rest.
  void sort();
};

inline Log copy_of(const Log& log) { return {log.names.copy(), log.exchanges, log.faults, log.marks}; }

// Format: "SPEV", version, then zstd of varints; see harness/events/README.md.
std::string encode(const Log& log);
base::Result<Log> decode(std::string_view bytes);

}  // namespace stormproof::events
