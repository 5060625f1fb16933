// Client: one thread's worth of load: connection after connection, on which it behaves or not, by its dice.
//
// It sends proper requests (alone, pipelined, with bodies of both framings, in pieces, with Expect), and breaks off,
// half-closes, resets, stalls, leaves without looking, and talks nonsense. Of each request it notes what it saw.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/soak/messages.h"
#include "tests/soak/notes.h"

namespace stormproof::soak {

class Client {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  Client(std::uint32_t number, std::uint64_t seed, std::uint16_t port, const std::filesystem::path& notes);

  // Connections until then; the last one may end a few seconds later. False: its notes could not be kept.
  bool run(Instant until);

  // After run().
  std::uint64_t connections() const { return connections_; }
  std::uint64_t not_connected() const { return not_connected_; }
  std::uint64_t wrong() const { return wrong_; }  // answers that were another request's, or not what was asked for

 private:
  enum class Ending : std::uint8_t { await, late, half_close, leave, reset, partly, broken, malformed };
  struct Sent {
    Asked asked;
    std::string text;
    std::size_t head_bytes = 0;
    bool to_head = false;
    Note note;
  };
  struct Look {
    Seen seen = Seen::cut;
    std::size_t status = 0;
    bool keeps = false;  // nothing in it is a reason to end the connection
  };

  void connection(Instant until);
  bool round(support::RawConnection& peer);
  Ending any_ending();
  Sent make(bool small);
  void spoil(Sent& last, Ending ending);
  bool send(support::RawConnection& peer, const std::vector<Sent>& batch, bool in_pieces);
  bool send_expecting(support::RawConnection& peer, Sent& sent);
  bool look_at(support::RawConnection& peer, std::vector<Sent>& batch, std::size_t whole);
  Look look(support::RawConnection& peer, const Sent& sent);
  Look look_at_body(support::RawConnection& peer, const Sent& sent, std::string_view head);
  void write_down(const std::vector<Sent>& batch);

  std::uint32_t number_;
  std::uint16_t port_;
  Dice dice_;
  Notes notes_;
  std::uint32_t next_ = 0;
  bool sound_ = true;       // no reason was given so far to end this connection
  bool expecting_ = false;  // the request in hand waits for 100
  std::uint64_t connections_ = 0;
  std::uint64_t not_connected_ = 0;
  std::uint64_t wrong_ = 0;
};

}  // namespace stormproof::soak
