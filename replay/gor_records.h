// GorRecords: the records of one GoReplay file, one at a time.
//
// A record is a line "type id timestamp [latency]", the raw bytes of the message, and a separator that a body may
// contain too: messages are framed by their own heads first, and the separator is then required. The last record may
// lack it. What is damaged is told to `on_damage`, with where and how much, and the next record is found by the
// separator, or by a header line with the start of a message behind it where the separator itself is damaged. A body
// whose end its head does not tell goes to the next separator with a header line behind it.
// Memory: one record, at most `record_bytes_max`; a larger one is damage. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/clock.h"
#include "replay/body_framing.h"
#include "replay/exchange.h"
#include "replay/gor_input.h"

namespace stormproof::replay {

inline constexpr std::string_view gor_separator = "\n\xF0\x9F\x90\xB5\xF0\x9F\x99\x88\xF0\x9F\x99\x89\n";

struct GorHeader {
  static constexpr std::size_t line_bytes_max = 1024;

  char type = '1';  // '1' request, '2' response, '3' replayed response
  std::string id;
  base::Time at{};
  std::optional<base::Nanoseconds> latency;
  std::size_t length = 0;  // of the line, with its end
};

// The header line at the start of `bytes`; nothing: this is none.
std::optional<GorHeader> parse_gor_header(std::string_view bytes);

// `start`: the first bytes of a file, as many as there are up to 64 KiB. A header that is damaged is no reason to say no.
bool looks_like_gor(std::string_view start);

struct GorMessage {
  Message message;
  bool truncated = false;  // the body is not all that the head says
};

struct GorRecord {
  GorHeader header;
  std::uint64_t offset = 0;  // of the header, in the uncompressed file
  // One, but for interim responses, and for messages that a client pipelined into one packet.
  std::vector<GorMessage> messages;
};

struct GorDamage {
  std::string_view cause;
  std::uint64_t offset = 0;  // in the uncompressed file
  std::uint64_t bytes = 0;   // that are in no record; 0 where what is missing is not in the file
};

class GorRecords {
 public:
  static constexpr std::size_t start_line_bytes_max = 64 << 10;
  static constexpr std::size_t head_bytes_max = 1 << 20;
  static constexpr std::size_t record_bytes_max = 64 << 20;
  static constexpr std::size_t messages_max = 10'000;  // of one record

  using OnDamage = std::function<void(const GorDamage&)>;
  // The method of the request that the response number `index` (from 0) of the record with this id answers; empty
  // where it is not known.
  using MethodOf = std::function<std::string(std::string_view id, std::size_t index)>;

  GorRecords(GorInput input, OnDamage on_damage, MethodOf method_of)
      : input_(std::move(input)), on_damage_(std::move(on_damage)), method_of_(std::move(method_of)) {}

  // False: there are no more. The record has one message at least.
  bool next(GorRecord& record);

  const GorInput& input() const { return input_; }

 private:
  // All positions count from the header of the record that is read.
  struct Boundary {
    std::size_t end = 0;   // of what comes before
    std::size_t next = 0;  // the next record, or the end of the input
    bool found = true;     // within the limit; else `end` is how far nothing was found
  };

  // What ends a record: the separator with a header behind it, or, where it is known that bytes are missing, any.
  enum class Stop : std::uint8_t { separator_and_header, any_separator };

  bool read_messages(GorRecord& record);
  std::optional<std::size_t> take_message(GorRecord& record, std::size_t begin, std::size_t head_end);
  std::optional<std::size_t> find_head_end(std::size_t begin);
  std::optional<std::size_t> framed_end(const BodyFraming& framing, std::size_t body_begin);
  Boundary find_boundary(std::size_t from, std::size_t limit, Stop stop);
  static std::optional<Boundary> boundary_in(std::string_view bytes, std::size_t from, std::size_t until, bool all, Stop stop);
  bool believable(std::size_t body_begin, std::size_t end, char type);
  void lose(std::string_view cause, std::size_t from);
  bool lose_rest(const GorRecord& record, std::string_view cause, std::size_t from);
  bool separator_at(std::size_t position);
  bool record_ends_at(std::size_t position);
  bool skip_to_header();
  std::string_view ahead(std::size_t position, std::size_t count);

  GorInput input_;
  OnDamage on_damage_;
  MethodOf method_of_;
};

}  // namespace stormproof::replay
