#include "replay/answer.h"

#include <utility>

namespace stormproof::replay {

Answer answer_of(Exchange&& exchange) {
  Answer answer;
  switch (exchange.ending) {
    case Ending::complete: answer.outcome = events::Outcome::answered; break;
    case Ending::client_left: answer.outcome = events::Outcome::cancelled; break;
    default: answer.outcome = events::Outcome::reset; break;
  }
  answer.status = status_of(exchange.response.head);
  if (answer.status == 0) answer.outcome = events::Outcome::reset;
  answer.head = std::move(exchange.response.head);
  answer.body = std::move(exchange.response.body);
  answer.body_bytes = answer.body.size();
  answer.start = exchange.request_start;
  answer.end = exchange.response_end == base::Time{} ? exchange.request_start : exchange.response_end;
  return answer;
}

}  // namespace stormproof::replay
