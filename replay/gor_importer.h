// GorImporter: reads GoReplay's `.gor` and `.gor.gz` files into a capture.
//
// The inputs are read in the order of their names, numbers in them as numbers (`_2` before `_10`), as one recording.
// Requests are paired with responses by id, the first with the first where an id comes more than once. A response may
// come up to `waiting_max` requests or `waiting_bytes_max` bytes later; then its request is written without it. What has
// no counterpart is kept and marked by its Ending; replayed responses (type 3) are counted and left out.
//
// Exchanges are numbered from 1 in the order of appearance and written as soon as they are whole. Their connection is 0: the
// format does not say it. The timestamp is the start of a message, and its latency, where there is one, the time from
// its first packet to its last; a time that is not said is zero.
//
// Damage goes by cause into the writer's account and, with its place, into the report; reading goes on behind it.
// An error: an input is no .gor file or cannot be opened (nothing was written then), or the writer's.
// Memory: one record (GorRecords), what waits, and what the writer holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "replay/capture_writer.h"

namespace stormproof::replay {

struct ImportReport {
  static constexpr std::size_t places_max = 100;

  std::uint64_t requests = 0;
  std::uint64_t responses = 0;
  std::uint64_t pairs = 0;
  std::uint64_t requests_without_response = 0;
  std::uint64_t responses_without_request = 0;
  std::uint64_t replayed_responses = 0;  // left out
  Account damage;                        // by cause
  std::vector<std::string> places;       // "x.gor: byte 1234: a head without its end (77 bytes)"; the first ones

  std::uint64_t exchanges() const { return pairs + requests_without_response + responses_without_request; }
};

// Lines for a person.
std::string to_text(const ImportReport& report);

struct GorLimits {
  static constexpr std::size_t default_waiting_max = 100'000;
  static constexpr std::size_t default_waiting_bytes_max = 256 << 20;

  std::size_t waiting_max = default_waiting_max;
  std::size_t waiting_bytes_max = default_waiting_bytes_max;
};

base::Result<ImportReport> import_gor(const std::vector<std::string>& inputs, CaptureWriter& writer, GorLimits limits);
inline base::Result<ImportReport> import_gor(const std::vector<std::string>& inputs, CaptureWriter& writer) {
  return import_gor(inputs, writer, GorLimits());
}

// Whether the file begins like a .gor, compressed or not; an empty file does. An error: it cannot be read.
base::Result<bool> is_gor_file(const std::string& path);

}  // namespace stormproof::replay
