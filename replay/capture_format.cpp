#include "replay/capture_format.h"

#include <fmt/format.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

namespace stormproof::replay {
namespace {

void put(std::string& bytes, std::uint64_t value) {
  std::array<char, 8> eight;
  for (std::size_t i = 0; i < eight.size(); ++i) eight[i] = static_cast<char>((value >> (8 * i)) & 0xff);
  bytes.append(eight.data(), eight.size());
}

void put(std::string& bytes, std::string_view text) {
  put(bytes, static_cast<std::uint64_t>(text.size()));
  bytes += text;
}

// Takes numbers and texts off the front of some bytes; once something is missing, everything reads as 0.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    const std::string_view eight = take(8);
    std::uint64_t value = 0;
    for (std::size_t i = eight.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(eight[i]);
    return value;
  }
  std::string_view text() { return take(number()); }
  bool whole() const { return whole_; }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) whole_ = false;
    if (!whole_) return {};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  bool whole_ = true;
};

std::int64_t nanoseconds(base::Time time) { return time.time_since_epoch().count(); }

}  // namespace

std::uint64_t hash_of(std::string_view content) { return XXH3_64bits(content.data(), content.size()); }

std::uint64_t checksum_of(const BlockRow& row) {
  std::string fixed;
  put(fixed, row.number);
  put(fixed, std::bit_cast<std::uint64_t>(row.first_time));
  put(fixed, std::bit_cast<std::uint64_t>(row.last_time));
  put(fixed, row.exchanges);
  put(fixed, row.raw_bytes);
  put(fixed, row.content_hash);
  return hash_of(fixed);
}

std::uint64_t checksum_of_part(std::uint64_t body, std::uint64_t sequence, std::uint64_t raw_bytes,
                               std::string_view content) {
  std::string fixed;
  put(fixed, body);
  put(fixed, sequence);
  put(fixed, raw_bytes);
  put(fixed, hash_of(content));
  return hash_of(fixed);
}

std::uint64_t checksum_of(const Seal& seal, const Account& account, const Meta& meta) {
  std::string all;
  put(all, static_cast<std::uint64_t>(seal.closed));
  put(all, seal.blocks);
  put(all, seal.exchanges);
  put(all, seal.open_bodies);
  put(all, seal.open_bytes);
  put(all, static_cast<std::uint64_t>(account.size()));
  for (const auto& [cause, tally] : account) {
    put(all, cause);
    put(all, tally.count);
    put(all, tally.bytes);
  }
  for (const auto& [key, value] : meta) {
    put(all, key);
    put(all, value);
  }
  return hash_of(all);
}

Entry entry_of(const Exchange& exchange) {
  Entry entry;
  entry.id = exchange.id;
  entry.connection = exchange.connection;
  entry.session = exchange.session;
  entry.shadow_of = exchange.shadow_of;
  entry.times = {nanoseconds(exchange.request_start), nanoseconds(exchange.request_end),
                 nanoseconds(exchange.response_start), nanoseconds(exchange.response_end)};
  entry.ending = exchange.ending;
  entry.request_head = exchange.request.head;
  entry.request_body = exchange.request.body;
  entry.interim = exchange.interim;
  entry.response_head = exchange.response.head;
  entry.response_body = exchange.response.body;
  entry.segments = exchange.segments;
  return entry;
}

void append_entry(std::string& block, const Entry& entry) {
  put(block, entry.id);
  put(block, entry.connection);
  put(block, entry.session);
  put(block, entry.shadow_of);
  for (const std::int64_t time : entry.times) put(block, std::bit_cast<std::uint64_t>(time));
  put(block, static_cast<std::uint64_t>(entry.ending));
  for (const PartedBody& parted : {entry.request_parts, entry.response_parts}) {
    put(block, parted.body);
    if (parted.body == 0) continue;
    put(block, parted.parts);
    put(block, parted.bytes);
  }
  put(block, entry.request_head);
  put(block, entry.request_body);
  put(block, entry.interim);
  put(block, entry.response_head);
  put(block, entry.response_body);
  put(block, entry.segments);
}

base::Result<Entry> take_entry(std::string_view& block) {
  Taker taker(block);
  Entry entry;
  entry.id = taker.number();
  entry.connection = taker.number();
  entry.session = taker.number();
  entry.shadow_of = taker.number();
  for (std::int64_t& time : entry.times) time = std::bit_cast<std::int64_t>(taker.number());
  const std::uint64_t ending = taker.number();
  for (PartedBody* parted : {&entry.request_parts, &entry.response_parts}) {
    parted->body = taker.number();
    if (parted->body == 0) continue;
    parted->parts = taker.number();
    parted->bytes = taker.number();
  }
  entry.request_head = taker.text();
  entry.request_body = taker.text();
  entry.interim = taker.text();
  entry.response_head = taker.text();
  entry.response_body = taker.text();
  entry.segments = taker.text();
  if (!taker.whole()) return base::fail("an exchange in it ends too early");
  if (ending > static_cast<std::uint64_t>(ending_last))
    return base::fail(fmt::format("an exchange in it has the unknown ending {}", ending));
  entry.ending = static_cast<Ending>(ending);
  block = taker.rest();
  return entry;
}

std::int64_t earliest_time(const Entry& entry) {
  std::int64_t earliest = 0;
  for (const std::int64_t time : entry.times) {
    if (time != 0 && (earliest == 0 || time < earliest)) earliest = time;
  }
  return earliest;
}

std::int64_t latest_time(const Entry& entry) {
  std::int64_t latest = 0;
  for (const std::int64_t time : entry.times) {
    if (time != 0 && (latest == 0 || time > latest)) latest = time;
  }
  return latest;
}

std::string compress(std::string_view raw) {
  // One context a thread, kept: making one costs more than compressing a small block.
  thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  // And room for the worst case: to clear and give back so much for each block costs as much as to copy what comes out.
  thread_local std::string room;
  if (const std::size_t bound = ZSTD_compressBound(raw.size()); room.size() < bound) room.resize(bound);
  const std::size_t length = ZSTD_compressCCtx(context.get(), room.data(), room.size(), raw.data(), raw.size(), 1);
  if (ZSTD_isError(length) != 0) throw std::bad_alloc();
  return room.substr(0, length);
}

base::Result<std::string> decompress(std::string_view content, std::uint64_t raw_bytes, std::size_t bytes_max) {
  if (raw_bytes > bytes_max)
    return base::fail(fmt::format("it claims {} bytes, above the limit of {}", raw_bytes, bytes_max));
  if (ZSTD_getFrameContentSize(content.data(), content.size()) != raw_bytes) return base::fail("its length is wrong");
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::string raw(raw_bytes, '\0');
  const std::size_t length = ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), content.data(), content.size());
  if (ZSTD_isError(length) != 0)
    return base::fail(fmt::format("it does not decompress: {}", ZSTD_getErrorName(length)));
  if (length != raw_bytes) return base::fail("its length is wrong");
  return raw;
}

}  // namespace stormproof::replay
