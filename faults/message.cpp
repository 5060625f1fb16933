#include "faults/message.h"

#include <algorithm>
#include <charconv>

namespace stormproof::faults {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The next line without its end; takes it off `rest`.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The content of a body in chunks; extensions and trailers are left out.
std::optional<std::string> content_of(std::string_view chunks) {
  std::string content;
  while (true) {
    const std::string_view line = take_line(chunks);
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc() || end == line.data()) return std::nullopt;
    if (size == 0) return content;
    if (size > chunks.size()) return std::nullopt;
    content += chunks.substr(0, size);
    chunks.remove_prefix(size);
    take_line(chunks);
  }
}

// Takes the head off `raw`.
std::optional<Message> take_head(std::string_view& raw) {
  while (raw.starts_with("\r\n")) raw.remove_prefix(2);
  if (!raw.contains("\n\r\n") && !raw.contains("\n\n")) return std::nullopt;
  Message message;
  message.start = take_line(raw);
  for (std::string_view line = take_line(raw); !line.empty(); line = take_line(raw)) {
    const std::size_t colon = line.find(':');
    if ((line.front() == ' ' || line.front() == '\t') && !message.fields.empty()) {
      message.fields.back().value.append(" ").append(trimmed(line));
    } else if (colon != line.npos) {
      message.fields.push_back({std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
    }
  }
  return message;
}

std::optional<Message> take_body(Message message, std::string_view raw) {
  if (message.bodiless) return message;
  const std::string* const coding = message.field("transfer-encoding");
  if (coding == nullptr) {
    message.body = raw;
    return message;
  }
  auto content = content_of(raw);
  if (!content) return std::nullopt;
  message.body = std::move(*content);
  return message;
}

}  // namespace

bool same_name(std::string_view one, std::string_view other) { return std::ranges::equal(one, other, {}, lower, lower); }

std::optional<Message> Message::of_response(std::string_view raw, bool to_head) {
  while (true) {
    auto message = take_head(raw);
    if (!message) return std::nullopt;
    const int status = message->status();
    if (status == 0) return std::nullopt;
    if (status < 200) continue;
    message->bodiless = to_head || status == 204 || status == 304;
    return take_body(std::move(*message), raw);
  }
}

std::optional<Message> Message::of_request(std::string_view raw) {
  auto message = take_head(raw);
  if (!message) return std::nullopt;
  return take_body(std::move(*message), raw);
}

int Message::status() const {
  const std::size_t space = start.find(' ');
  if (space == start.npos) return 0;
  int status = 0;
  std::from_chars(start.data() + space + 1, start.data() + start.size(), status);
  return status;
}

const std::string* Message::field(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [name](const Field& one) { return same_name(one.name, name); });
  return found == fields.end() ? nullptr : &found->value;
}

void Message::set(std::string_view name, std::string_view value) {
  const auto found = std::ranges::find_if(fields, [name](const Field& one) { return same_name(one.name, name); });
  if (found != fields.end()) found->value = value;
  else fields.push_back({std::string(name), std::string(value)});
}

void Message::remove(std::string_view name) {
  std::erase_if(fields, [name](const Field& one) { return same_name(one.name, name); });
}

void Message::unframe() {
  for (const std::string_view name : {"content-length", "transfer-encoding", "trailer"}) remove(name);
}

std::string Message::head() const {
  std::string text = start + "\r\n";
  for (const Field& one : fields) text.append(one.name).append(": ").append(one.value).append("\r\n");
  return text += "\r\n";
}

std::string Message::text() const {
  if (bodiless) return head();  // what it says of a length is of what would have been there
  const bool framed = field("content-length") != nullptr || field("transfer-encoding") != nullptr;
  const bool is_request = !start.starts_with("HTTP/");
  Message whole = *this;
  whole.unframe();
  if (framed || !body.empty() || !is_request) whole.set("Content-Length", std::to_string(body.size()));
  return whole.head() + body;
}

}  // namespace stormproof::faults
