#include "tests/soak/answerer.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/seed.h"

namespace stormproof::soak {

using std::chrono::milliseconds;
using support::RawConnection;

struct Answerer::Request {
  std::string head;
  Asked asked;
  bool to_head = false;
  bool continued = true;    // its body may be waited for
  bool body_taken = false;  // before the answer
};

namespace {

constexpr milliseconds patience{2000};

std::string_view target_in(std::string_view head) {
  const std::size_t from = head.find(' ') + 1;
  return head.substr(from, head.find(' ', from) - from);
}

}  // namespace

void Answerer::play(RawConnection& peer) {
  Dice dice(base::draw(seed_, "connection", ++connections_));
  while (true) {
    Request request;
    if (!take(peer, dice, request)) return;
    if (request.asked.manner != Manner::early && request.continued) {
      if (!take_body(peer, request)) return;
      request.body_taken = true;
    }
    if (!answer(peer, dice, request)) return;
    if (!request.continued || (!request.body_taken && !take_body(peer, request))) return;
  }
}

// A head, and that its body may come.
bool Answerer::take(RawConnection& peer, Dice& dice, Request& request) {
  auto head = peer.read_until("\r\n\r\n", milliseconds(dice.one_in(4) ? 20 : 3000));
  if (!head) return false;
  request.head = std::move(*head);
  const auto asked = read_target(target_in(request.head));
  if (!asked) {
    ++strange_;
    return false;
  }
  request.asked = *asked;
  request.to_head = request.head.starts_with("HEAD ");
  if (mood_ == Mood::wilful) request.asked.manner = any_manner(dice);
  if (!header_of(request.head, "Expect").empty()) {
    request.continued = !dice.one_in(5);
    if (request.continued && !peer.send("HTTP/1.1 100 Continue\r\n\r\n", patience)) return false;
  }
  return true;
}

bool Answerer::take_body(RawConnection& peer, Request& request) {
  std::string body;
  if (const std::string_view length = header_of(request.head, "Content-Length"); !length.empty()) {
    auto bytes = peer.read(number_of(length), patience);
    if (!bytes) return false;
    body = std::move(*bytes);
  } else if (!header_of(request.head, "Transfer-Encoding").empty()) {
    const auto chunks = read_chunks(peer, patience);
    if (!chunks) return false;
    auto whole = body_of_chunks(*chunks);
    if (!whole) ++strange_;
    else body = std::move(*whole);
  }
  const std::string_view expected = header_of(request.head, "X-Bytes");
  const bool right = body.size() == number_of(expected) &&
                     body.find_first_not_of(request.asked.identity.letter()) == std::string::npos;
  if (!right) ++strange_;
  return true;
}

// False: the connection is over.
bool Answerer::answer(RawConnection& peer, Dice& dice, const Request& request) {
  const Asked& asked = request.asked;
  const std::string body(request.to_head ? 0 : asked.bytes, asked.identity.letter());
  const auto say = [&](std::string_view text) { return peer.send(text, patience).has_value(); };
  const auto head = [&](std::string_view status, std::string_view lines) {
    return fmt::format("HTTP/1.1 {}\r\nX-Soak: {}\r\n{}{}\r\n", status, target_of(asked),
                       request.body_taken ? "" : "X-Early: 1\r\n", lines);
  };
  const std::string plain = head("200 OK", fmt::format("Content-Length: {}\r\n", asked.bytes));
  switch (asked.manner) {
    case Manner::plain:
    case Manner::early: break;
    case Manner::chunked:
      return say(head("200 OK", "Transfer-Encoding: chunked\r\n") +
                 (request.to_head ? "" : chunks_of(body, dice.one_in(3), dice)));
    case Manner::empty: return say(head("204 No Content", ""));
    case Manner::interim:
      if (!say("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")) return false;
      break;
    case Manner::until_eof: say(head("200 OK", "") + body); return false;
    case Manner::closing:
      say(head("200 OK", fmt::format("Connection: close\r\nContent-Length: {}\r\n", asked.bytes)) + body);
      return false;
    case Manner::slow: return answer_slowly(peer, dice, plain + body);
    case Manner::cut:
      say(plain + body.substr(0, body.size() / 2));
      if (dice.one_in(2)) peer.reset();
      return false;
    case Manner::reset: peer.reset(); return false;
    case Manner::garbage:
      return say(dice.one_in(2) ? "garbage\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
    case Manner::stall: stall(peer, patience); return false;
  }
  return say(plain + body);
}

bool Answerer::answer_slowly(RawConnection& peer, Dice& dice, const std::string& text) {
  std::string_view rest = text;
  for (std::size_t pieces = 1 + dice.up_to(6); pieces > 0; --pieces) {
    const std::size_t size = pieces == 1 ? rest.size() : dice.up_to(rest.size());
    if (!peer.send(rest.substr(0, size), patience)) return false;
    rest.remove_prefix(size);
    stall(peer, milliseconds(dice.up_to(40)));
  }
  return true;
}

}  // namespace stormproof::soak
