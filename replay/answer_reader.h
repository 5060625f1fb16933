// AnswerReader: reads one answer after the other off a connection, each into the event of its request.
//
// Interim answers are passed over. A read that was ended by Connection::stop_waiting() goes on where it was.
// The connection is the caller's: he consumes nothing of it while an answer is read.
#pragma once

#include <cstdint>
#include <memory>

#include "harness/base/clock.h"
#include "harness/base/task.h"
#include "harness/events/event.h"
#include "harness/wire/connection.h"
#include "harness/wire/framer.h"
#include "replay/answer.h"

namespace stormproof::replay {

class AnswerReader {
 public:
  enum class End : std::uint8_t {
    whole,
    broken,       // what came is not HTTP
    ended,        // the connection ended before the answer was whole
    interrupted,  // stop_waiting(): call read() again
  };

  explicit AnswerReader(const base::Clock& clock);
  ~AnswerReader();

  // The next answer belongs to `event`; both outlive the reading. `keep`: gets head and body, the body up to
  // Answer::body_bytes_max; of a longer one the rest is read, counted and in the digest.
  void begin(events::Exchange& event, bool to_head, Answer* keep = nullptr);

  // Sets first_byte, status and response_bytes of the event; its outcome and its end are the caller's.
  base::Task<End> read(wire::Connection& connection);

  bool head_done() const { return framer_.head_done(); }
  bool heard() const { return heard_; }        // a byte has come, of an interim answer too
  bool reusable() const { return reusable_; }  // of a whole answer: another may follow on this connection

 private:
  struct Digest;
  bool on_head(wire::Connection& connection);
  void keep(std::string_view bytes);

  const base::Clock& clock_;
  wire::Framer framer_{wire::MessageKind::response};
  events::Exchange* event_ = nullptr;
  Answer* keep_ = nullptr;
  std::unique_ptr<Digest> digest_;  // of a body that is cut
  bool to_head_ = false;
  bool heard_ = false;
  bool reusable_ = false;
};

}  // namespace stormproof::replay
