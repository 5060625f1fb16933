#include "tests/soak/messages.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace stormproof::soak {

Manner any_manner(Dice& dice) {
  if (dice.up_to(99) < 55) return dice.one_in(3) ? Manner::chunked : Manner::plain;
  return static_cast<Manner>(dice.up_to(manners - 1));
}

std::string target_of(const Asked& asked) {
  return fmt::format("/{}/{}/{}/{}", asked.identity.client, asked.identity.number, static_cast<int>(asked.manner),
                     asked.bytes);
}

std::optional<Asked> read_target(std::string_view target) {
  std::array<std::uint32_t, 4> parts = {};
  const char* at = target.data();
  const char* const end = at + target.size();
  for (std::uint32_t& part : parts) {
    if (at == end || *at != '/') return std::nullopt;
    const auto [behind, error] = std::from_chars(at + 1, end, part);
    if (error != std::errc()) return std::nullopt;
    at = behind;
  }
  if (at != end || parts[2] >= manners) return std::nullopt;
  return Asked{.identity = {parts[0], parts[1]}, .manner = static_cast<Manner>(parts[2]), .bytes = parts[3]};
}

std::string_view header_of(std::string_view head, std::string_view name) {
  const std::string marker = fmt::format("\r\n{}: ", name);
  const std::size_t at = head.find(marker);
  if (at == std::string_view::npos) return {};
  head.remove_prefix(at + marker.size());
  return head.substr(0, head.find("\r\n"));
}

std::size_t number_of(std::string_view digits, int base) {
  std::size_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  return number;
}

std::string chunks_of(std::string_view body, bool trailer, Dice& dice) {
  std::string chunks;
  chunks.reserve(body.size() + 1024);
  while (!body.empty()) {
    const std::size_t size = std::min(body.size(), 1 + dice.up_to(dice.one_in(3) ? 100 : 60'000));
    chunks += fmt::format("{:x}\r\n", size);
    chunks.append(body.substr(0, size)).append("\r\n");
    body.remove_prefix(size);
  }
  return chunks.append(trailer ? "0\r\nX-Trailer: 1\r\n\r\n" : "0\r\n\r\n");
}

std::optional<std::string> body_of_chunks(std::string_view chunks) {
  std::string body;
  while (true) {
    const std::size_t line = chunks.find("\r\n");
    if (line == std::string_view::npos) return std::nullopt;
    const std::size_t size = number_of(chunks.substr(0, line), 16);
    if (size == 0) return body;
    chunks.remove_prefix(line + 2);
    if (chunks.size() < size + 2 || chunks.substr(size, 2) != "\r\n") return std::nullopt;
    body += chunks.substr(0, size);
    chunks.remove_prefix(size + 2);
  }
}

// Only the end has an empty line: a chunk's own bytes are letters.
base::Result<std::string> read_chunks(support::RawConnection& peer, std::chrono::milliseconds within) {
  return peer.read_until("\r\n\r\n", within);
}

void stall(const support::RawConnection& peer, std::chrono::milliseconds at_most) {
  pollfd entry = {.fd = peer.fd(), .events = 0, .revents = 0};
  ::poll(&entry, 1, static_cast<int>(at_most.count()));
}

}  // namespace stormproof::soak
