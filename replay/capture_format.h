// Capture format: what a `.traffic` file consists of; shared by its writer and its reader. See README.md.
//
// Pure functions over bytes. Whatever is read back is checked: a checksum stands over each block, each part and over
// the accounts, and no length is believed before it is compared with what is there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "replay/exchange.h"

namespace stormproof::replay {

inline constexpr std::uint32_t capture_application_id = 0x53505446;  // "SPTF"
inline constexpr std::uint32_t capture_version = 3;                  // 1 and 2 were never released and are refused

// A block is full at this many raw bytes.
inline constexpr std::size_t block_bytes_full = 256 * 1024;
// Heads and interim heads of one exchange together.
inline constexpr std::size_t heads_bytes_max = 16 << 20;
// A longer body is put out in parts, so that a block stays small.
inline constexpr std::size_t inline_body_bytes_max = 256 * 1024;
inline constexpr std::size_t part_bytes_max = 1 << 20;
// What one block can come to at most: full but for one byte, and then the largest exchange.
inline constexpr std::size_t block_bytes_max = 20 << 20;

// "recorded", "dropped: queue full" … to how often, and how many bytes of messages.
struct Tally {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Tally&) const = default;
};
using Account = std::map<std::string, Tally, std::less<>>;
using Meta = std::map<std::string, std::string, std::less<>>;

// The cause under which the writer itself counts what it took in.
inline constexpr std::string_view cause_recorded = "recorded";
// Bodies that were begun in parts and whose exchange was never appended.
inline constexpr std::string_view cause_body_alone = "body without its exchange";

// The statements that make an empty capture. A file whose schema differs in one byte is refused.
inline constexpr std::array<std::string_view, 6> capture_schema = {
    "CREATE TABLE blocks(number INTEGER PRIMARY KEY, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, "
    "exchanges INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, content_hash INTEGER NOT NULL, checksum INTEGER NOT NULL)",
    "CREATE TABLE contents(number INTEGER PRIMARY KEY, content BLOB NOT NULL)",
    "CREATE TABLE parts(body INTEGER NOT NULL, sequence INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, "
    "checksum INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY(body, sequence))",
    "CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
    "CREATE TABLE account(cause TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL)",
    "CREATE TABLE seal(id INTEGER PRIMARY KEY, closed INTEGER NOT NULL, blocks INTEGER NOT NULL, "
    "exchanges INTEGER NOT NULL, open_bodies INTEGER NOT NULL, open_bytes INTEGER NOT NULL, checksum INTEGER NOT NULL)",
};

// A row of `blocks`. Times are nanoseconds, 0: no exchange of the block has a known one.
struct BlockRow {
  std::uint64_t number = 0;
  std::int64_t first_time = 0;
  std::int64_t last_time = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t content_hash = 0;
};

// The row of `seal`: what the file held at its last commit.
struct Seal {
  bool closed = false;
  std::uint64_t blocks = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t open_bodies = 0;
  std::uint64_t open_bytes = 0;
};

// XXH3. Each is of everything that its row says but the checksum itself.
std::uint64_t hash_of(std::string_view content);
std::uint64_t checksum_of(const BlockRow& row);
std::uint64_t checksum_of_part(std::uint64_t body, std::uint64_t sequence, std::uint64_t raw_bytes,
                               std::string_view content);
std::uint64_t checksum_of(const Seal& seal, const Account& account, const Meta& meta);

// The part of a body that stands in `parts`; it comes before what stands in the block.
struct PartedBody {
  std::uint64_t body = 0;  // 0: there is none
  std::uint64_t parts = 0;
  std::uint64_t bytes = 0;
};

// One exchange as it lies in a block; its views point into the block. The bodies are what stands in the block.
struct Entry {
  std::uint64_t id = 0, connection = 0, session = 0, shadow_of = 0;
  std::array<std::int64_t, 4> times = {};  // request start and end, response start and end
  Ending ending = Ending::complete;
  PartedBody request_parts, response_parts;
  std::string_view request_head, request_body, interim, response_head, response_body, segments;
};

Entry entry_of(const Exchange& exchange);
void append_entry(std::string& block, const Entry& entry);

// Takes the first entry off `block`. An error: these bytes are none.
base::Result<Entry> take_entry(std::string_view& block);

// The earliest and the latest known time of an entry; 0: none.
std::int64_t earliest_time(const Entry& entry);
std::int64_t latest_time(const Entry& entry);

// zstd, level 1. Fails only for want of memory, and then throws std::bad_alloc as any other allocation does.
std::string compress(std::string_view raw);
// `raw_bytes` must be exactly what comes out, and at most `bytes_max`.
base::Result<std::string> decompress(std::string_view content, std::uint64_t raw_bytes, std::size_t bytes_max);

}  // namespace stormproof::replay
