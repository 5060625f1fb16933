// AnswerReader: reads one answer after the other off a connection, each into the event of its request.
//
// Interim answers are passed over. A read that was ended by Connection::stop_waiting() goes on where it was.
// The connection is the caller's: he consumes nothing of it while an answer is read.
#pragma once

#include <cstdint>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"
#include "replay/exchange.h"

namespace stormproof::replay {

class AnswerReader {
 public:
  enum class End : std::uint8_t {
    whole,
    broken,       // what came is not HTTP
    ended,        // the connection ended before the answer was whole
    interrupted,  // stop_waiting(): call read() again
  };

  explicit AnswerReader(const base::Clock& clock) : clock_(clock) {}

  // The next answer belongs to `event`; both outlive the reading. `keep`: gets the bytes, its body up to keep_bytes_max.
  void begin(events::Exchange& event, bool to_head, Message* keep = nullptr, std::size_t keep_bytes_max = 0);

  // Sets first_byte, status and response_bytes of the event; its outcome and its end are the caller's.
  base::Task<End> read(wire::Connection& connection);

  bool head_done() const { return framer_.head_done(); }
  bool heard() const { return heard_; }        // a byte has come, of an interim answer too
  bool reusable() const { return reusable_; }  // of a whole answer: another may follow on this connection
  bool kept() const { return keep_ != nullptr; }

 private:
  bool on_head(wire::Connection& connection);
  void keep(std::string_view bytes);

  const base::Clock& clock_;
  wire::Framer framer_{wire::MessageKind::response};
  events::Exchange* event_ = nullptr;
  Message* keep_ = nullptr;
  std::size_t keep_bytes_max_ = 0;
  bool to_head_ = false;
  bool heard_ = false;
  bool reusable_ = false;
};

}  // namespace stormproof::replay
