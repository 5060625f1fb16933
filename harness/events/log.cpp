// Long because: the whole format at rest, both ways, stands in one place.
#include "harness/events/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>

#include "harness/base/seed.h"
#include "harness/events/packing.h"
#include "harness/events/varint.h"

namespace stormproof::events {
namespace {

constexpr std::string_view magic = "SPEV";
constexpr std::size_t head_size = magic.size() + 1 + sizeof(std::uint64_t);

enum Flag : std::uint8_t {
  is_egress = 1,
  has_first_byte = 2,
  has_trace = 4,
  has_waited = 8,
  has_advice = 16,
  has_key = 32,
  has_content = 64,
  has_carriers = 128,
};

// A column holds one field of all exchanges: like stands beside like, which is what zstd needs.
enum Column : std::uint8_t {
  flags,
  outcome,
  status,
  party,
  route,
  fault,
  connection,
  request,
  trace,
  start,
  lag,
  head_after,
  end_after,
  request_bytes,
  response_bytes,
  waited,    // since version 2
  advice,    // since version 3: retry after, limit, remaining, reset, each one more than it is, 0: not said; since
             // version 4 window alike, dialects, status of gRPC
  key,       // since version 3
  content,   // since version 5: kind, shape, age plus 1 (0: not said)
  carriers,  // since version 5: bits of Carrier, parent
  column_count
};

std::uint64_t ticks(base::Time time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
base::Time time_of(std::uint64_t ticks) { return base::Time(base::Nanoseconds(static_cast<std::int64_t>(ticks))); }

bool exchange_before(const Exchange& a, const Exchange& b) {
  const auto key = [](const Exchange& e) { return std::tie(e.start, e.side, e.request); };
  return key(a) != key(b) ? key(a) < key(b) : a < b;
}

void put_column(std::string& out, std::string_view column) {
  put_varint(out, column.size());
  out += column;
}

void put_content(std::string& out, const Content& what) {
  put_varint(out, static_cast<std::uint64_t>(what.kind));
  put_varint(out, what.shape);
  put_varint(out, what.age == Advice::not_said ? 0 : std::uint64_t{what.age} + 1);
}

// Times are differences, and those wrap around as unsigned numbers: any Time survives, near ones are short.
void put_exchanges(std::string& out, std::span<const Exchange> exchanges) {
  std::array<std::string, column_count> columns;
  std::uint64_t start_before = 0;
  std::array<std::uint64_t, 2> request_before = {};
  for (const Exchange& e : exchanges) {
    const bool egress = e.side == Side::egress;
    const bool answered = e.first_byte != base::Time{};
    columns[flags].push_back(static_cast<char>(
        (egress ? is_egress : 0) | (answered ? has_first_byte : 0) | (e.trace.none() ? 0 : has_trace) |
        (e.waited.count() == 0 ? 0 : has_waited) | (e.advice.none() ? 0 : has_advice) | (e.key == 0 ? 0 : has_key) |
        (e.content.none() ? 0 : has_content) | (e.carriers == 0 ? 0 : has_carriers)));
    columns[outcome].push_back(static_cast<char>(e.outcome));
    put_varint(columns[status], e.status);
    put_varint(columns[party], e.party);
    put_varint(columns[route], e.route);
    put_varint(columns[fault], e.fault);
    put_varint(columns[connection], e.connection);
    put_varint(columns[request], zigzag(e.request - request_before[egress]));
    if (!e.trace.none()) columns[trace].append(std::bit_cast<std::array<char, 16>>(e.trace.bytes).data(), 16);
    put_varint(columns[start], zigzag(ticks(e.start) - start_before));
    put_varint(columns[lag], zigzag(ticks(e.start) - ticks(e.intended)));
    if (answered) put_varint(columns[head_after], zigzag(ticks(e.first_byte) - ticks(e.start)));
    put_varint(columns[end_after], zigzag(ticks(e.end) - ticks(answered ? e.first_byte : e.start)));
    put_varint(columns[request_bytes], e.request_bytes);
    put_varint(columns[response_bytes], e.response_bytes);
    if (e.waited.count() != 0) put_varint(columns[waited], zigzag(static_cast<std::uint64_t>(e.waited.count())));
    if (!e.advice.none()) {
      for (const std::uint32_t said :
           {e.advice.retry_after, e.advice.limit, e.advice.remaining, e.advice.reset, e.advice.window})
        put_varint(columns[advice], said == Advice::not_said ? 0 : std::uint64_t{said} + 1);
      put_varint(columns[advice], e.advice.dialects);
      put_varint(columns[advice], e.advice.grpc_status);
    }
    if (e.key != 0) put_varint(columns[key], e.key);
    if (!e.content.none()) put_content(columns[content], e.content);
    if (e.carriers != 0) {
      put_varint(columns[carriers], e.carriers);
      put_varint(columns[carriers], e.parent);
    }
    start_before = ticks(e.start);
    request_before[egress] = e.request;
  }
  put_varint(out, exchanges.size());
  for (const std::string& column : columns) put_column(out, column);
}

void put_faults(std::string& out, std::span<const FaultFired> faults) {
  put_varint(out, faults.size());
  std::uint64_t before = 0;
  for (const FaultFired& fired : faults) {
    put_varint(out, zigzag(ticks(fired.at) - before));
    put_varint(out, fired.rule);
    put_varint(out, fired.party);
    put_varint(out, fired.request);
    put_varint(out, zigzag(static_cast<std::uint64_t>(fired.delayed.count())));
    put_varint(out, fired.status);
    out.push_back(static_cast<char>(fired.effect));  // this and what follows: since version 3
    put_varint(out, fired.identity);
    put_varint(out, fired.sent);
    put_varint(out, fired.cut);
    put_varint(out, fired.detail);
    before = ticks(fired.at);
  }
}

void put_marks(std::string& out, std::span<const Mark> marks) {
  put_varint(out, marks.size());
  std::uint64_t before = 0;
  for (const Mark& mark : marks) {
    put_varint(out, zigzag(ticks(mark.at) - before));
    out.push_back(static_cast<char>(mark.kind));
    put_varint(out, mark.name);
    before = ticks(mark.at);
  }
}

// Since version 5.
void put_differences(std::string& out, std::span<const AnswerDifference> differences) {
  put_varint(out, differences.size());
  std::uint64_t before = 0;
  for (const AnswerDifference& difference : differences) {
    put_varint(out, zigzag(difference.request - before));
    put_varint(out, difference.party);
    put_varint(out, difference.path);
    put_varint(out, difference.detail);
    out.push_back(static_cast<char>(difference.change));
    before = difference.request;
  }
}

std::vector<Exchange> sorted(std::vector<Exchange> exchanges) {
  if (!std::ranges::is_sorted(exchanges, exchange_before)) std::ranges::sort(exchanges, exchange_before);
  return exchanges;
}

std::vector<FaultFired> sorted(std::vector<FaultFired> faults) {
  std::ranges::sort(faults);
  return faults;
}

std::vector<AnswerDifference> sorted(std::vector<AnswerDifference> differences) {
  std::ranges::sort(differences);
  return differences;
}

// Stable, by hand: std::stable_sort of libstdc++ 12 does not compile without a warning on clang 19.
std::vector<Mark> sorted(const std::vector<Mark>& marks) {
  std::vector<std::pair<base::Time, std::size_t>> places;
  places.reserve(marks.size());
  for (const Mark& mark : marks) places.emplace_back(mark.at, places.size());
  std::ranges::sort(places);
  std::vector<Mark> in_order;
  in_order.reserve(marks.size());
  for (const auto& [at, place] : places) in_order.push_back(marks[place]);
  return in_order;
}

// The columns of exchanges, each with its own place of reading. A field out of its range fails the whole.
class ExchangeReader {
 public:
  ExchangeReader(VarintReader& in, std::size_t names, std::uint8_t version)
      : names_(names),
        version_(version),
        columns_(split(in, columns_of(version), std::make_index_sequence<column_count>())) {}

  bool take(Exchange& e) {
    const std::uint64_t flag = byte(flags);
    const std::uint64_t how = byte(outcome);
    const bool egress = (flag & is_egress) != 0;
    e.side = egress ? Side::egress : Side::ingress;
    e.outcome = static_cast<Outcome>(how);
    const std::uint64_t code = columns_[status].take();
    e.status = static_cast<std::uint16_t>(code);
    e.party = name(party);
    e.route = name(route);
    e.fault = name(fault);
    e.connection = columns_[connection].take();
    e.request = request_before_[egress] += unzigzag(columns_[request].take());
    if ((flag & has_trace) != 0) {
      const std::string_view id = columns_[trace].take_bytes(e.trace.bytes.size());
      if (!id.empty()) std::memcpy(e.trace.bytes.data(), id.data(), id.size());
    }
    start_before_ += unzigzag(columns_[start].take());
    e.start = time_of(start_before_);
    e.intended = time_of(start_before_ - unzigzag(columns_[lag].take()));
    std::uint64_t last = start_before_;
    if ((flag & has_first_byte) != 0) {
      last += unzigzag(columns_[head_after].take());
      e.first_byte = time_of(last);
    }
    e.end = time_of(last + unzigzag(columns_[end_after].take()));
    e.request_bytes = columns_[request_bytes].take();
    e.response_bytes = columns_[response_bytes].take();
    if ((flag & has_waited) != 0)
      e.waited = base::Nanoseconds(static_cast<std::int64_t>(unzigzag(columns_[waited].take())));
    if ((flag & has_advice) != 0) take_advice(e.advice);
    if ((flag & has_key) != 0) {
      const std::uint64_t digest = columns_[key].take();
      bad_number_ |= digest == 0 || digest > 0xFFFFFFFF;
      e.key = static_cast<std::uint32_t>(digest);
    }
    if ((flag & has_content) != 0) take_content(e.content);
    if ((flag & has_carriers) != 0) {
      const std::uint64_t which = columns_[carriers].take();
      const std::uint64_t parent = columns_[carriers].take();
      bad_number_ |= which == 0 || which >= carriers_end || parent > 0xFFFFFFFF;
      e.carriers = static_cast<std::uint8_t>(which);
      e.parent = static_cast<std::uint32_t>(parent);
    }
    return how <= static_cast<std::uint64_t>(last_outcome) && code <= 0xFFFF && !bad_number_;
  }

  bool finished() const {
    return std::ranges::all_of(columns_, [](const VarintReader& column) { return column.finished(); });
  }
  std::size_t exchanges_at_most() const { return columns_[flags].left(); }

 private:
  void take_advice(Advice& said) {
    for (std::uint32_t* number : {&said.retry_after, &said.limit, &said.remaining, &said.reset, &said.window}) {
      if (number == &said.window && version_ < 4) break;
      const std::uint64_t more = columns_[advice].take();
      bad_number_ |= more > Advice::not_said;
      *number = more == 0 ? Advice::not_said : static_cast<std::uint32_t>(more - 1);
    }
    if (version_ >= 4) {
      const std::uint64_t dialects = columns_[advice].take();
      const std::uint64_t grpc = columns_[advice].take();
      bad_number_ |= dialects >= dialects_end || grpc > 0xFF;
      said.dialects = static_cast<std::uint8_t>(dialects);
      said.grpc_status = static_cast<std::uint8_t>(grpc);
    }
    bad_number_ |= said.none();
  }
  void take_content(Content& what) {
    const std::uint64_t kind = columns_[content].take();
    const std::uint64_t shape = columns_[content].take();
    const std::uint64_t age = columns_[content].take();
    bad_number_ |= kind > static_cast<std::uint64_t>(last_content_kind) || shape > 0xFFFFFFFF || age > Advice::not_said;
    what.kind = static_cast<Content::Kind>(kind);
    what.shape = static_cast<std::uint32_t>(shape);
    what.age = age == 0 ? Advice::not_said : static_cast<std::uint32_t>(age - 1);
    bad_number_ |= what.none();
  }
  static std::size_t columns_of(std::uint8_t version) {
    return version == 1 ? waited : version == 2 ? advice : version < 5 ? content : column_count;
  }
  template <std::size_t... Index>
  static std::array<VarintReader, column_count> split(VarintReader& in, std::size_t there,
                                                      std::index_sequence<Index...>) {
    return {VarintReader(Index < there ? in.take_bytes(in.take()) : std::string_view())...};
  }
  std::uint64_t byte(Column column) {
    const std::string_view one = columns_[column].take_bytes(1);
    return one.empty() ? 0 : static_cast<unsigned char>(one.front());
  }
  NameId name(Column column) {
    const std::uint64_t id = columns_[column].take();
    bad_number_ |= id >= names_;
    return static_cast<NameId>(id);
  }

  std::size_t names_;
  std::uint8_t version_;
  std::array<VarintReader, column_count> columns_;
  std::uint64_t start_before_ = 0;
  std::array<std::uint64_t, 2> request_before_ = {};
  bool bad_number_ = false;
};

std::unexpected<base::Error> nonsense(std::string_view what) {
  return base::fail(fmt::format("the event log is damaged: its {} make no sense", what));
}

base::Result<void> take_names(VarintReader& in, Names& names) {
  const std::uint64_t count = in.take();
  for (std::uint64_t id = 1; id < count; ++id) {
    const std::string_view name = in.take_bytes(in.take());
    if (in.failed() || names.id_of(name) != id) return nonsense("names");
  }
  if (in.failed() || count == 0) return nonsense("names");
  return {};
}

base::Result<void> take_exchanges(VarintReader& in, Log& log, std::uint8_t version) {
  const std::uint64_t count = in.take();
  ExchangeReader reader(in, log.names.size(), version);
  if (in.failed() || count > log_events_max || count != reader.exchanges_at_most()) return nonsense("exchanges");
  log.exchanges.resize(static_cast<std::size_t>(count));
  for (Exchange& exchange : log.exchanges) {
    if (!reader.take(exchange)) return nonsense("exchanges");
  }
  if (!reader.finished()) return nonsense("exchanges");
  return {};
}

// What version 3 added to a fault. False: nonsense.
bool take_effect(VarintReader& in, FaultFired& fired, std::size_t names) {
  const std::string_view effect = in.take_bytes(1);
  fired.identity = in.take();
  fired.sent = in.take();
  fired.cut = in.take();
  const std::uint64_t detail = in.take();
  if (in.failed() || effect.empty() || detail >= names) return false;
  fired.effect = static_cast<Effect>(effect.front());
  fired.detail = static_cast<NameId>(detail);
  return fired.effect <= last_effect;
}

base::Result<void> take_faults(VarintReader& in, Log& log, std::uint8_t version) {
  const std::uint64_t least_bytes = version < 3 ? 6 : 11;
  const std::uint64_t count = in.take();
  if (count > log_events_max || count > in.left() / least_bytes) return nonsense("faults");
  log.faults.resize(static_cast<std::size_t>(count));
  std::uint64_t at = 0;
  for (FaultFired& fired : log.faults) {
    fired.at = time_of(at += unzigzag(in.take()));
    const std::uint64_t rule = in.take();
    const std::uint64_t party_id = in.take();
    fired.request = in.take();
    fired.delayed = base::Nanoseconds(static_cast<std::int64_t>(unzigzag(in.take())));
    const std::uint64_t code = in.take();
    if (in.failed() || rule >= log.names.size() || party_id >= log.names.size() || code > 0xFFFF)
      return nonsense("faults");
    fired.rule = static_cast<NameId>(rule);
    fired.party = static_cast<NameId>(party_id);
    fired.status = static_cast<std::uint16_t>(code);
    if (version >= 3 && !take_effect(in, fired, log.names.size())) return nonsense("faults");
  }
  return {};
}

base::Result<void> take_marks(VarintReader& in, Log& log) {
  constexpr std::uint64_t least_bytes = 3;
  const std::uint64_t count = in.take();
  if (count > log_events_max || count > in.left() / least_bytes) return nonsense("marks");
  log.marks.resize(static_cast<std::size_t>(count));
  std::uint64_t at = 0;
  for (Mark& mark : log.marks) {
    mark.at = time_of(at += unzigzag(in.take()));
    const std::string_view kind = in.take_bytes(1);
    const std::uint64_t name = in.take();
    if (in.failed() || name >= log.names.size()) return nonsense("marks");
    if (static_cast<unsigned char>(kind.front()) > static_cast<unsigned char>(MarkKind::note)) return nonsense("marks");
    mark.kind = static_cast<MarkKind>(kind.front());
    mark.name = static_cast<NameId>(name);
  }
  return {};
}

base::Result<void> take_differences(VarintReader& in, Log& log) {
  constexpr std::uint64_t least_bytes = 5;
  const std::uint64_t count = in.take();
  if (count > log_events_max || count > in.left() / least_bytes) return nonsense("differences");
  log.differences.resize(static_cast<std::size_t>(count));
  std::uint64_t request = 0;
  for (AnswerDifference& difference : log.differences) {
    difference.request = request += unzigzag(in.take());
    for (NameId* const id : {&difference.party, &difference.path, &difference.detail}) {
      const std::uint64_t name = in.take();
      if (name >= log.names.size()) return nonsense("differences");
      *id = static_cast<NameId>(name);
    }
    const std::string_view change = in.take_bytes(1);
    if (in.failed() || change.empty()) return nonsense("differences");
    difference.change = static_cast<std::uint8_t>(change.front());
    if (difference.change >= changes_end) return nonsense("differences");
  }
  return {};
}

}  // namespace

void Log::absorb(Log&& other) {
  std::vector<NameId> renumbered(other.names.size());
  for (std::size_t id = 0; id < renumbered.size(); ++id) {
    renumbered[id] = names.id_of(other.names.name_of(static_cast<NameId>(id)));
  }
  const auto ours = [&](NameId theirs) { return theirs < renumbered.size() ? renumbered[theirs] : NameId{0}; };
  for (Exchange& e : other.exchanges) {
    e.party = ours(e.party);
    e.route = ours(e.route);
    e.fault = ours(e.fault);
  }
  exchanges.insert(exchanges.end(), other.exchanges.begin(), other.exchanges.end());
  for (FaultFired& fired : other.faults) {
    fired.rule = ours(fired.rule);
    fired.party = ours(fired.party);
    fired.detail = ours(fired.detail);
    faults.push_back(fired);
  }
  for (Mark& mark : other.marks) {
    mark.name = ours(mark.name);
    marks.push_back(mark);
  }
  for (AnswerDifference& difference : other.differences) {
    for (NameId* const id : {&difference.party, &difference.path, &difference.detail}) *id = ours(*id);
    differences.push_back(difference);
  }
  other = Log();
}

void Log::sort() {
  exchanges = sorted(std::move(exchanges));
  faults = sorted(std::move(faults));
  marks = sorted(marks);
  differences = sorted(std::move(differences));
}

std::string encode(const Log& log) {
  std::string unpacked;
  put_varint(unpacked, log.names.size());
  for (std::size_t id = 1; id < log.names.size(); ++id)
    put_column(unpacked, log.names.name_of(static_cast<NameId>(id)));
  put_exchanges(unpacked, sorted(log.exchanges));
  put_faults(unpacked, sorted(log.faults));
  put_marks(unpacked, sorted(log.marks));
  put_differences(unpacked, sorted(log.differences));

  const std::string packed = pack(unpacked);
  const std::uint64_t checksum = base::identity_of(packed);
  std::string bytes(magic);
  bytes.push_back(static_cast<char>(log_version));
  for (unsigned shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(checksum >> shift)));
  return bytes + packed;
}

base::Result<Log> decode(std::string_view bytes, std::uint64_t unpacked_bytes_max) {
  if (!bytes.starts_with(magic)) return base::fail("these bytes are not an event log of stormproof");
  if (bytes.size() < head_size) return base::fail("the event log ends too early");
  const auto version = static_cast<unsigned char>(bytes[magic.size()]);
  if (version == 0 || version > log_version) {
    return base::fail(fmt::format("the event log has format version {}; this stormproof reads versions up to {}",
                                  version, log_version));
  }
  std::uint64_t checksum = 0;
  for (unsigned i = 0; i < 8; ++i) {
    checksum |= std::uint64_t{static_cast<unsigned char>(bytes[magic.size() + 1 + i])} << (8 * i);
  }
  const std::string_view packed = bytes.substr(head_size);
  if (checksum != base::identity_of(packed)) return base::fail("the event log is damaged: its checksum does not match");
  const auto unpacked = unpack(packed, unpacked_bytes_max);
  if (!unpacked) return std::unexpected(unpacked.error());

  Log log;
  VarintReader in(*unpacked);
  auto taken = take_names(in, log.names);
  if (taken) taken = take_exchanges(in, log, version);
  if (taken) taken = take_faults(in, log, version);
  if (taken) taken = take_marks(in, log);
  if (taken && version >= 5) taken = take_differences(in, log);
  if (taken && !in.finished()) taken = nonsense("last bytes");
  if (!taken) return std::unexpected(taken.error());
  return log;
}

}  // namespace stormproof::events
