#include "harness/events/log.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include "harness/base/seed.h"

namespace stormproof::events {
namespace {

using base::Result;

constexpr std::string_view magic = "SPEV";
constexpr std::uint8_t version = 1;
constexpr std::size_t prefix_bytes = 4 + 1 + 8 + 8;        // magic, version, checksum of the raw bytes, their length
constexpr std::uint64_t raw_bytes_max = std::uint64_t{4} << 30;
constexpr int zstd_level = 3;

// ---- writing: varints, zigzag deltas ----

class Writer {
 public:
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void delta(std::int64_t value) {
    varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void raw(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  void text(std::string_view text) {
    varint(text.size());
    raw(text.data(), text.size());
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// A reader that turns every excess into one sticky failure, so that callers need not check each step.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return spoil();
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return spoil();
  }
  std::int64_t delta() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  void raw(void* to, std::size_t size) {
    if (size > rest_.size()) {
      spoil();
      return;
    }
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  std::string_view text() {
    const std::uint64_t size = varint();
    if (size > rest_.size()) {
      spoil();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  // How many things of at least `bytes_each` follow; a claim beyond what is there is a failure.
  std::size_t count(std::size_t bytes_each) {
    const std::uint64_t count = varint();
    if (count > rest_.size() / bytes_each) return spoil();
    return count;
  }
  template <typename T>
  T narrow() {
    const std::uint64_t value = varint();
    if (value > std::numeric_limits<T>::max()) return static_cast<T>(spoil());
    return static_cast<T>(value);
  }
  bool good() const { return !spoilt_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::uint64_t spoil() {
    spoilt_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool spoilt_ = false;
};

std::int64_t ns_of(base::Time time) { return time.time_since_epoch().count(); }
base::Time time_of(std::int64_t ns) { return base::Time(base::Nanoseconds(ns)); }

// Differences of hostile instants may overflow; unsigned arithmetic wraps and comes back.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Zero instants ("none") are common and far from all others: 0 stands for them, 1 + zigzag for a difference.
void write_instant(Writer& out, base::Time instant, std::int64_t before) {
  if (instant == base::Time{}) {
    out.varint(0);
    return;
  }
  out.varint(1);
  out.delta(minus(ns_of(instant), before));
}
base::Time read_instant(Reader& in, std::int64_t before) {
  return in.varint() == 0 ? base::Time{} : time_of(plus(before, in.delta()));
}

enum Flag : std::uint8_t { egress = 1, traced = 2, intended_is_start = 4 };

void write_exchange(Writer& out, const Exchange& exchange, const Exchange& before) {
  const bool on_time = exchange.intended == exchange.start;
  out.varint(static_cast<unsigned>(exchange.side == Side::egress ? egress : 0) | (exchange.trace.none() ? 0U : traced) |
             (on_time ? intended_is_start : 0U));
  out.varint(static_cast<std::uint8_t>(exchange.outcome));
  out.varint(exchange.status);
  out.varint(exchange.party);
  out.varint(exchange.route);
  out.varint(exchange.fault);
  out.delta(minus(static_cast<std::int64_t>(exchange.connection), static_cast<std::int64_t>(before.connection)));
  out.delta(minus(static_cast<std::int64_t>(exchange.request), static_cast<std::int64_t>(before.request)));
  if (!exchange.trace.none()) out.raw(exchange.trace.bytes.data(), exchange.trace.bytes.size());
  out.delta(minus(ns_of(exchange.start), ns_of(before.start)));
  if (!on_time) out.delta(minus(ns_of(exchange.intended), ns_of(exchange.start)));
  write_instant(out, exchange.first_byte, ns_of(exchange.start));
  write_instant(out, exchange.end, ns_of(exchange.start));
  out.varint(exchange.request_bytes);
  out.varint(exchange.response_bytes);
}
constexpr std::size_t exchange_bytes_least = 13;

Exchange read_exchange(Reader& in, const Exchange& before) {
  Exchange exchange;
  const std::uint64_t flags = in.varint();
  exchange.side = (flags & egress) != 0 ? Side::egress : Side::ingress;
  exchange.outcome = static_cast<Outcome>(in.narrow<std::uint8_t>());
  exchange.status = in.narrow<std::uint16_t>();
  exchange.party = in.narrow<NameId>();
  exchange.route = in.narrow<NameId>();
  exchange.fault = in.narrow<NameId>();
  exchange.connection = static_cast<std::uint64_t>(plus(static_cast<std::int64_t>(before.connection), in.delta()));
  exchange.request = static_cast<std::uint64_t>(plus(static_cast<std::int64_t>(before.request), in.delta()));
  if ((flags & traced) != 0) in.raw(exchange.trace.bytes.data(), exchange.trace.bytes.size());
  exchange.start = time_of(plus(ns_of(before.start), in.delta()));
  exchange.intended = (flags & intended_is_start) != 0 ? exchange.start : time_of(plus(ns_of(exchange.start), in.delta()));
  exchange.first_byte = read_instant(in, ns_of(exchange.start));
  exchange.end = read_instant(in, ns_of(exchange.start));
  exchange.request_bytes = in.varint();
  exchange.response_bytes = in.varint();
  return exchange;
}

std::string write_body(const Log& log) {
  Writer out;
  out.varint(log.names.size());
  for (NameId id = 0; id < log.names.size(); ++id) out.text(log.names.name_of(id));
  out.varint(log.exchanges.size());
  Exchange before;
  for (const Exchange& exchange : log.exchanges) {
    write_exchange(out, exchange, before);
    before = exchange;
  }
  out.varint(log.faults.size());
  std::int64_t last = 0;
  for (const FaultFired& fault : log.faults) {
    out.delta(minus(ns_of(fault.at), last));
    last = ns_of(fault.at);
    out.varint(fault.rule);
    out.varint(fault.party);
    out.varint(fault.request);
    out.delta(fault.delayed.count());
    out.varint(fault.status);
  }
  out.varint(log.marks.size());
  for (const Mark& mark : log.marks) {
    out.delta(ns_of(mark.at));
    out.varint(static_cast<std::uint8_t>(mark.kind));
    out.varint(mark.name);
  }
  return out.bytes();
}

Log read_body(Reader& in) {
  Log log;
  const std::size_t names = in.count(1);
  for (std::size_t id = 0; id < names && in.good(); ++id) log.names.id_of(in.text());
  const std::size_t exchanges = in.count(exchange_bytes_least);
  log.exchanges.reserve(exchanges);
  Exchange before;
  for (std::size_t i = 0; i < exchanges && in.good(); ++i) {
    before = read_exchange(in, before);
    log.exchanges.push_back(before);
  }
  const std::size_t faults = in.count(6);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < faults && in.good(); ++i) {
    FaultFired fault;
    last = plus(last, in.delta());
    fault.at = time_of(last);
    fault.rule = in.narrow<NameId>();
    fault.party = in.narrow<NameId>();
    fault.request = in.varint();
    fault.delayed = base::Nanoseconds(in.delta());
    fault.status = in.narrow<std::uint16_t>();
    log.faults.push_back(fault);
  }
  const std::size_t marks = in.count(3);
  for (std::size_t i = 0; i < marks && in.good(); ++i) {
    Mark mark;
    mark.at = time_of(in.delta());
    mark.kind = static_cast<MarkKind>(in.narrow<std::uint8_t>());
    mark.name = in.narrow<NameId>();
    log.marks.push_back(mark);
  }
  return log;
}

// What is read must name only what there is.
bool is_sound(const Log& log) {
  const std::size_t names = log.names.size();
  const bool exchanges = std::ranges::all_of(log.exchanges, [&](const Exchange& exchange) {
    return exchange.outcome <= Outcome::shed && exchange.party < names && exchange.route < names && exchange.fault < names;
  });
  const bool faults = std::ranges::all_of(log.faults, [&](const FaultFired& fault) {
    return fault.rule < names && fault.party < names;
  });
  const bool marks = std::ranges::all_of(log.marks, [&](const Mark& mark) {
    return mark.kind <= MarkKind::note && mark.name < names;
  });
  return exchanges && faults && marks;
}

}  // namespace

void Log::absorb(Log&& other) {
  std::vector<NameId> renumbered;
  for (NameId id = 0; id < other.names.size(); ++id) renumbered.push_back(names.id_of(other.names.name_of(id)));
  for (Exchange& exchange : other.exchanges) {
    exchange.party = renumbered[exchange.party];
    exchange.route = renumbered[exchange.route];
    exchange.fault = renumbered[exchange.fault];
    exchanges.push_back(exchange);
  }
  for (FaultFired& fault : other.faults) {
    fault.rule = renumbered[fault.rule];
    fault.party = renumbered[fault.party];
    faults.push_back(fault);
  }
  for (Mark& mark : other.marks) {
    mark.name = renumbered[mark.name];
    marks.push_back(mark);
  }
  other = Log();
}

void Log::sort() {
  const auto place = [](const Exchange& exchange) { return std::tuple(exchange.start, exchange.side, exchange.request); };
  std::ranges::sort(exchanges, {}, place);
  std::ranges::sort(faults, {}, [](const FaultFired& fault) { return std::tuple(fault.at, fault.request, fault.rule); });
  std::ranges::sort(marks, {}, &Mark::at);
}

std::string encode(const Log& log) {
  Log ordered = copy_of(log);
  ordered.sort();
  const std::string raw = write_body(ordered);
  const std::uint64_t checksum = base::identity_of(raw);
  const std::uint64_t size = raw.size();
  std::string bytes(prefix_bytes + ZSTD_compressBound(raw.size()), '\0');
  std::memcpy(bytes.data(), magic.data(), magic.size());
  bytes[4] = static_cast<char>(version);
  std::memcpy(bytes.data() + 5, &checksum, sizeof checksum);
  std::memcpy(bytes.data() + 13, &size, sizeof size);
  const std::size_t packed =
      ZSTD_compress(bytes.data() + prefix_bytes, bytes.size() - prefix_bytes, raw.data(), raw.size(), zstd_level);
  bytes.resize(prefix_bytes + packed);  // cannot fail: the bound is what zstd asks for
  return bytes;
}

Result<Log> decode(std::string_view bytes) {
  if (bytes.size() < prefix_bytes || !bytes.starts_with(magic)) return base::fail("this is not an event log");
  const auto stored = static_cast<std::uint8_t>(bytes[4]);
  if (stored != version) {
    return base::fail(fmt::format("this event log has version {}, and this stormproof reads version {}", stored, version));
  }
  std::uint64_t checksum = 0;
  std::uint64_t size = 0;
  std::memcpy(&checksum, bytes.data() + 5, sizeof checksum);
  std::memcpy(&size, bytes.data() + 13, sizeof size);
  const std::string_view packed = bytes.substr(prefix_bytes);
  // zstd's own claim is held against ours before anything is allocated.
  if (size > raw_bytes_max || ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) {
    return base::fail("this event log is damaged: its length does not fit its contents");
  }
  std::string raw(size, '\0');
  const std::size_t got = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size || base::identity_of(raw) != checksum) {
    return base::fail("this event log is damaged: its checksum does not fit its contents");
  }
  Reader in(raw);
  Log log = read_body(in);
  if (!in.good() || !in.at_end() || !is_sound(log)) return base::fail("this event log is damaged: its contents make no sense");
  return log;
}

}  // namespace stormproof::events
