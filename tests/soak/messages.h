// Messages: the requests of the soak and what their targets ask for.
//
// Each request has an identity of its own, in its target and in the answer's head; each body is one letter again and
// again, which follows from the identity. So whoever reads a message can tell whether it is the right one, and whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/soak/dice.h"
#include "tests/support/raw_connection.h"

namespace stormproof::soak {

struct Identity {
  std::uint32_t client = 0;
  std::uint32_t number = 0;  // of the client, from 0 without a gap
  bool operator==(const Identity&) const = default;
  char letter() const { return static_cast<char>('a' + (client + number) % 26); }
};

// How an upstream is to answer.
enum class Manner : std::uint8_t {
  plain,      // with its length
  chunked,    // with or without trailers
  empty,      // 204
  interim,    // 1xx before it
  until_eof,  // the end of the connection is the end of the body
  closing,    // Connection: close
  slow,       // piece by piece
  early,      // before the request's body was read
  cut,        // within the body
  reset,      // without a word
  garbage,
  stall,  // for longer than the relay waits
};
inline constexpr std::size_t manners = static_cast<std::size_t>(Manner::stall) + 1;
Manner any_manner(Dice& dice);

struct Asked {
  Identity identity;
  Manner manner = Manner::plain;
  std::size_t bytes = 0;  // of the answer's body
};

std::string target_of(const Asked& asked);
std::optional<Asked> read_target(std::string_view target);

// The value of a header line of ours, spelled as we spell it; "" where there is none.
std::string_view header_of(std::string_view head, std::string_view name);
std::size_t number_of(std::string_view digits, int base = 10);

// A body in chunks of random sizes; and back: nothing where it is malformed.
std::string chunks_of(std::string_view body, bool trailer, Dice& dice);
std::optional<std::string> body_of_chunks(std::string_view chunks);

// Reads chunks up to the empty line behind the last.
base::Result<std::string> read_chunks(support::RawConnection& peer, std::chrono::milliseconds within);

// Does nothing for so long, or until the peer resets or closes.
void stall(const support::RawConnection& peer, std::chrono::milliseconds at_most);

}  // namespace stormproof::soak
