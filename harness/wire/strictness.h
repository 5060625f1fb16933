// Strictness: how far a request's head can be trusted to mean the same to every server that reads it.
//
// The tiers are those of AWS's http-desync-guardian: request smuggling needs two servers that disagree on where a
// message ends. Pure; one pass over the head, nothing is kept or allocated. The relay refuses what is severe, and sends
// what is ambiguous only on an upstream connection of its own, closed afterwards, as the client's is.
#pragma once

#include <cstdint>
#include <string_view>

namespace stormproof::wire {

enum class Tier : std::uint8_t {
  compliant,   // as the RFCs have it
  acceptable,  // odd, but its end is beyond doubt
  ambiguous,   // servers may disagree on where it ends
  severe,      // must not be forwarded
};

std::string_view to_string(Tier tier);

struct Judgement {
  Tier tier = Tier::compliant;
  std::string_view reason;  // one sentence, of the highest tier's first cause; "" when compliant
};

// `head`: from the request line to the empty line, whole.
Judgement judge_request(std::string_view head);

}  // namespace stormproof::wire
