#include "replay/gor_records.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace stormproof::replay {
namespace {

constexpr std::size_t start_line_bytes_max = GorRecords::start_line_bytes_max;
// A header line and enough of the line behind it to see that a message begins there.
constexpr std::size_t record_start_bytes = GorHeader::line_bytes_max + start_line_bytes_max;
constexpr std::size_t search_bytes = 64 * 1024;

std::optional<std::int64_t> parse_nanoseconds(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view without_empty_lines(std::string_view bytes) {
  return bytes.substr(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
}

bool message_begins(std::string_view bytes, char type) {
  const std::string_view line = bytes.substr(0, std::min(bytes.find('\n'), start_line_bytes_max));
  return type == '1' ? !method_of(line).empty() : status_of(line) != 0;
}

// A header line with a message behind it: what a body hardly ever contains without the separator before it.
bool record_begins(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] < '1' || bytes[0] > '3' || bytes[1] != ' ') return false;
  const auto header = parse_gor_header(bytes);
  return header && message_begins(bytes.substr(header->length), header->type);
}

bool is_interim(std::string_view head) {
  const int status = status_of(head);
  return status >= 100 && status < 200 && status != 101;
}

}  // namespace

std::optional<GorHeader> parse_gor_header(std::string_view bytes) {
  const auto end = bytes.substr(0, GorHeader::line_bytes_max).find('\n');
  if (end == bytes.npos) return std::nullopt;
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::array<std::string_view, 4> fields;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin <= line.size(); ++count) {
    if (count == fields.size()) return std::nullopt;
    const auto space = std::min(line.find(' ', begin), line.size());
    fields[count] = line.substr(begin, space - begin);
    begin = space + 1;
  }
  if (count < 3 || fields[0].size() != 1 || fields[0][0] < '1' || fields[0][0] > '3' || fields[1].empty()) return std::nullopt;
  const auto at = parse_nanoseconds(fields[2]);
  if (!at || *at < 0) return std::nullopt;
  const base::Time time{base::Nanoseconds(*at)};
  GorHeader header{.type = fields[0][0], .id = std::string(fields[1]), .at = time, .latency = {}, .length = end + 1};
  if (count == 4) {
    const auto latency = parse_nanoseconds(fields[3]);
    if (!latency) return std::nullopt;
    if (*latency >= 0 && *latency <= std::numeric_limits<std::int64_t>::max() - *at) header.latency = base::Nanoseconds(*latency);
  }
  return header;
}

bool looks_like_gor(std::string_view start) {
  return parse_gor_header(without_empty_lines(start)) || start.find(gor_separator) != start.npos;
}

bool GorRecords::next(GorRecord& record) {
  while (skip_to_header()) {
    auto header = parse_gor_header(input_.peek(GorHeader::line_bytes_max));
    if (!header) {
      lose("a record without a header line", 0);
      continue;
    }
    record = GorRecord{.header = std::move(*header), .offset = input_.offset(), .messages = {}};
    if (read_messages(record)) return true;
  }
  return false;
}

// False: the input has ended.
bool GorRecords::skip_to_header() {
  while (true) {
    const std::string_view bytes = input_.peek(gor_separator.size());
    if (bytes.empty()) return false;
    if (bytes.starts_with(gor_separator)) {
      input_.skip(gor_separator.size());
    } else if (bytes[0] == '\n' || bytes[0] == '\r') {
      input_.skip(1);
    } else {
      return true;
    }
  }
}

bool GorRecords::read_messages(GorRecord& record) {
  std::size_t at = record.header.length;
  while (true) {
    const bool first = record.messages.empty();
    if (!message_begins(ahead(at, start_line_bytes_max), record.header.type)) {
      return lose_rest(record, first ? "a record without an HTTP message" : "bytes behind the end of a message", at);
    }
    if (record.messages.size() == messages_max) return lose_rest(record, "more messages in a record than can be read", at);
    const auto head_end = find_head_end(at);
    if (!head_end) return lose_rest(record, "a head without its end", at);
    const auto end = take_message(record, at, *head_end);
    if (!end) return lose_rest(record, "a record larger than can be read", at);
    if (record_ends_at(*end)) {
      input_.skip(std::min(*end + gor_separator.size(), input_.peek(*end + gor_separator.size()).size()));
      return true;
    }
    if (record_begins(ahead(*end, record_start_bytes))) {
      if (!record.messages.back().truncated) on_damage_({"no separator behind a record", input_.offset() + *end, 0});
      input_.skip(*end);
      return true;
    }
    at = *end;
  }
}

// Where the message ends; nothing: not within what is read of a record.
std::optional<std::size_t> GorRecords::take_message(GorRecord& record, std::size_t begin, std::size_t head_end) {
  const std::string head(input_.peek(head_end).substr(begin, head_end - begin));
  std::string method;
  BodyFraming framing;
  if (record.header.type == '1') {
    framing = request_framing(head);
  } else {
    const auto index = std::ranges::count_if(record.messages, [](const GorMessage& m) { return !is_interim(m.message.head); });
    method = method_of_(record.header.id, static_cast<std::size_t>(index));
    framing = response_framing(head, method);
  }
  auto end = framed_end(framing, head_end);
  if (end && !believable(head_end, *end, record.header.type)) end.reset();
  bool truncated = false;
  if (!end) {
    const bool told = framing.kind == BodyFraming::Kind::length || framing.kind == BodyFraming::Kind::chunked;
    const Boundary boundary = find_boundary(head_end, record_bytes_max, told ? Stop::any_separator : Stop::separator_and_header);
    if (!boundary.found || boundary.end > record_bytes_max) return std::nullopt;
    end = boundary.end;
    const bool perhaps_to_head = record.header.type != '1' && method.empty() && *end == head_end;
    truncated = told && !perhaps_to_head;
  }
  const std::string_view body = input_.peek(*end).substr(head_end, *end - head_end);
  if (truncated) {
    on_damage_({framing.kind == BodyFraming::Kind::chunked ? "a chunked body that does not end" : "a body shorter than its head says",
                input_.offset(), 0});
  } else if (framing.kind == BodyFraming::Kind::until_close && body.find(gor_separator) != body.npos) {
    on_damage_({"a separator in a body whose end nothing tells", input_.offset() + head_end + body.find(gor_separator), 0});
  }
  record.messages.push_back({.message = {.head = head, .body = std::string(body)}, .truncated = truncated});
  return end;
}

// A body from which bytes are missing seems to end in a record that follows it.
bool GorRecords::believable(std::size_t body_begin, std::size_t end, char type) {
  if (record_ends_at(end)) return true;
  const bool message_follows = message_begins(ahead(end, start_line_bytes_max), type);
  const std::string_view bytes = input_.peek(end + record_start_bytes);
  return !boundary_in(bytes, body_begin, end, false, message_follows ? Stop::separator_and_header : Stop::any_separator);
}

std::optional<std::size_t> GorRecords::find_head_end(std::size_t begin) {
  for (std::size_t wanted = 8 * 1024;; wanted = std::min(wanted * 4, head_bytes_max)) {
    const std::string_view bytes = ahead(begin, wanted);
    const std::string_view head = bytes.substr(0, std::min(head_length(bytes.substr(0, head_bytes_max)), bytes.size()));
    const bool ended = head_length(head) != head.npos;
    if (ended || bytes.size() < wanted || wanted == head_bytes_max) {
      const bool cut = boundary_in(bytes, 0, head.size(), false, Stop::any_separator).has_value();
      return ended && !cut ? std::optional(begin + head.size()) : std::nullopt;
    }
  }
}

// Nothing: the head does not tell, or the bytes are not what it says.
std::optional<std::size_t> GorRecords::framed_end(const BodyFraming& framing, std::size_t body_begin) {
  if (framing.kind == BodyFraming::Kind::none) return body_begin;
  if (framing.kind == BodyFraming::Kind::length) {
    if (framing.length > record_bytes_max - std::min(body_begin, record_bytes_max)) return std::nullopt;
    const std::size_t end = body_begin + framing.length;
    return input_.peek(end).size() >= end ? std::optional(end) : std::nullopt;
  }
  if (framing.kind != BodyFraming::Kind::chunked) return std::nullopt;
  ChunkedWalk walk;
  while (body_begin + walk.length() <= record_bytes_max) {
    const std::size_t wanted = walk.length();
    const std::string_view body = ahead(body_begin, wanted);
    const auto state = walk.walk(body);
    if (state == ChunkedWalk::State::complete) {
      // Trailers hold no separator; damaged ones run on into the next record, to the end of its head.
      const std::size_t trailers = body_begin + walk.trailers_begin(), end = body_begin + walk.length();
      if (boundary_in(input_.peek(end + record_start_bytes), trailers, end, false, Stop::any_separator)) return std::nullopt;
      return end;
    }
    if (state == ChunkedWalk::State::malformed || body.size() < wanted) return std::nullopt;
  }
  return std::nullopt;
}

// The first boundary that begins in [from, until) of `bytes`. `all`: nothing follows `bytes`.
std::optional<GorRecords::Boundary> GorRecords::boundary_in(std::string_view bytes, std::size_t from, std::size_t until, bool all,
                                                            Stop stop) {
  const std::string_view searched = bytes.substr(0, until);
  for (auto at = searched.find_first_of("\n123", from); at != searched.npos; at = searched.find_first_of("\n123", at + 1)) {
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with(gor_separator)) {
      const std::string_view behind = without_empty_lines(rest.substr(gor_separator.size()));
      if (stop == Stop::any_separator || (all && behind.empty()) || parse_gor_header(behind)) return Boundary{at, at + gor_separator.size()};
    } else if (record_begins(rest)) {
      return Boundary{at, at};
    }
  }
  return std::nullopt;
}

GorRecords::Boundary GorRecords::find_boundary(std::size_t from, std::size_t limit, Stop stop) {
  while (true) {
    const std::size_t wanted = from + search_bytes + record_start_bytes;
    const std::string_view bytes = input_.peek(wanted);
    const bool all = bytes.size() < wanted;
    const std::size_t until = all ? bytes.size() : from + search_bytes;
    if (const auto found = boundary_in(bytes, from, until, all, stop)) return *found;
    if (all) return {bytes.size(), bytes.size()};
    if (until > limit) return {until, until, false};
    from = until;
  }
}

// Goes to the next record at or behind `from`.
void GorRecords::lose(std::string_view cause, std::size_t from) {
  const std::uint64_t begin = input_.offset();
  while (true) {
    const Boundary boundary = find_boundary(from, from, Stop::separator_and_header);
    if (boundary.found) {
      on_damage_({cause, begin, input_.offset() + boundary.end - begin});
      input_.skip(boundary.next);
      return;
    }
    input_.skip(boundary.end);
    from = 0;
  }
}

// True: the record has messages all the same.
bool GorRecords::lose_rest(const GorRecord& record, std::string_view cause, std::size_t from) {
  if (!record.messages.empty()) {
    input_.skip(from);
    from = 0;
  }
  lose(cause, from);
  return !record.messages.empty();
}

bool GorRecords::separator_at(std::size_t position) { return ahead(position, gor_separator.size()).starts_with(gor_separator); }

// The end of a file may lack the separator, or the end of it.
bool GorRecords::record_ends_at(std::size_t position) {
  const std::string_view rest = ahead(position, gor_separator.size());
  return separator_at(position) || gor_separator.starts_with(rest);
}

std::string_view GorRecords::ahead(std::size_t position, std::size_t count) {
  const std::string_view bytes = input_.peek(position + count);
  return bytes.substr(std::min(position, bytes.size()));
}

}  // namespace stormproof::replay
