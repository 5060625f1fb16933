// Log: the events of one run, in memory, and their compact form at rest.
//
// encode() orders exchanges by start, then side and request, so that equal logs have equal bytes. decode() takes
// any bytes: what is torn, too new or nonsense becomes an Error, never a crash, and memory grows with what was
// really unpacked, not with what the input claims, up to the bounds below.
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
  std::vector<AnswerDifference> differences = {};

  void mark(base::Time at, MarkKind kind, std::string_view name) { marks.push_back({at, kind, names.id_of(name)}); }

  // Takes in another thread's log: its names are renumbered into this table.
  void absorb(Log&& other);

  // Puts everything in its order at rest. Marks of one instant keep the order in which they were made.
  void sort();
};

inline Log copy_of(const Log& log) { return {log.names.copy(), log.exchanges, log.faults, log.marks, log.differences}; }

// What one encoded log may hold: a log with more events does not decode.
inline constexpr std::uint64_t log_events_max = 20'000'000;  // exchanges, faults, marks and differences each
inline constexpr std::uint64_t log_unpacked_bytes_max = 2'000'000'000;

// Format: "SPEV", version, checksum, then zstd of varints; see harness/events/README.md.
inline constexpr std::uint8_t log_version = 5;  // decode() reads the older ones, too
std::string encode(const Log& log);
base::Result<Log> decode(std::string_view bytes, std::uint64_t unpacked_bytes_max = log_unpacked_bytes_max);

}  // namespace stormproof::events
