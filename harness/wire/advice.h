// Advice: what the head of an answer says of limits: Retry-After, and the headers of rate limits in their dialects.
//
//   RateLimit: "p";r=50;t=30 and RateLimit-Policy: "p";q=100;w=60     the IETF's draft from its eighth version on
//   RateLimit: limit=100, remaining=50, reset=30                      its seventh
//   RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset             before; also with X- before them
//
// A refusal of gRPC is visible where its status stands in the head (grpc-status, as in an answer without a body).
// Of several policies the first counts, and of several dialects the first that said it. Dates (Retry-After, and an X-RateLimit-Reset that counts from 1970) become
// seconds from the answer's Date, else from `now`; what is over is 0. What cannot be read was not said. Pure; takes any
// bytes, allocates nothing.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/events/event.h"

namespace stormproof::wire {

// `head`: the status line and the fields; what follows its empty line is not looked at.
events::Advice advice_in(std::string_view head, base::Time now);

// "Sun, 06 Nov 1994 08:49:37 GMT" as seconds since 1970 (RFC 9110 §5.6.7, the form that is sent today).
std::optional<std::int64_t> parse_http_date(std::string_view text);

// A digest of the value of the first field of this name, in any case; 0 where there is none or `name` is empty. Equal
// values have equal digests; the value itself, which may be a credential, cannot be had from it.
std::uint32_t digest_of_field(std::string_view fields, std::string_view name);

}  // namespace stormproof::wire
