#include "tests/soak/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/seed.h"

namespace stormproof::soak {

using std::chrono::milliseconds;
using support::RawConnection;

namespace {

constexpr milliseconds patience{3000};
constexpr std::size_t idle_one_in = 300;  // connections on which nothing is said
constexpr std::array<std::string_view, 6> nonsense = {
    "GET /nonsense HTTP/1.1\r\nHost : a\r\n\r\n",
    "GET /nonsense HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "GET /nonsense\r\n\r\n",
    "\x01\x02\x03\r\n\r\n",
    "POST /nonsense HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "POST /nonsense HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"};

bool ran_out(const base::Error& error) { return error.message.starts_with("the deadline"); }

}  // namespace

Client::Client(std::uint32_t number, std::uint64_t seed, std::uint16_t port, const std::filesystem::path& notes)
    : number_(number), port_(port), dice_(base::draw(seed, "client", number)), notes_(notes) {}

bool Client::run(Instant until) {
  while (std::chrono::steady_clock::now() < until) connection(until);
  return notes_.close();
}

void Client::connection(Instant until) {
  auto peer = RawConnection::connect(port_);
  if (!peer) {
    ++not_connected_;
    return;
  }
  ++connections_;
  sound_ = true;
  if (dice_.one_in(idle_one_in)) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    [[maybe_unused]] const auto ended = peer->read_to_end(std::max(left, milliseconds(1)));
    return;
  }
  for (std::size_t rounds = 1 + dice_.up_to(9); rounds > 0 && round(*peer); --rounds) {
    stall(*peer, milliseconds(dice_.up_to(dice_.one_in(20) ? 300 : 20)));
  }
}

// What comes after the last request of a batch was sent.
Client::Ending Client::any_ending() {
  if (dice_.up_to(99) < 75) return Ending::await;
  return static_cast<Ending>(dice_.up_to(static_cast<std::size_t>(Ending::malformed)));
}

Client::Sent Client::make(bool small) {
  Sent sent;
  sent.asked = {.identity = {number_, next_++}, .manner = any_manner(dice_), .bytes = dice_.size()};
  constexpr std::array<std::string_view, 5> methods = {"GET", "GET", "HEAD", "POST", "PUT"};
  const std::string_view method = methods[dice_.up_to(methods.size() - 1)];
  sent.to_head = method == "HEAD";
  sent.text = fmt::format("{} {} HTTP/1.1\r\nHost: soak\r\n", method, target_of(sent.asked));
  const bool chunked = dice_.one_in(3);
  const std::size_t bytes = !method.starts_with("P") ? 0 : small ? dice_.up_to(2'000) : dice_.size();
  const std::string body(bytes, sent.asked.identity.letter());
  if (method.starts_with("P")) {
    sent.text += fmt::format("X-Bytes: {}\r\n", bytes);
    sent.text += chunked ? "Transfer-Encoding: chunked\r\n" : fmt::format("Content-Length: {}\r\n", bytes);
    if (expecting_) sent.text += "Expect: 100-continue\r\n";
  }
  sent.text += "\r\n";
  sent.head_bytes = sent.text.size();
  if (method.starts_with("P")) sent.text += chunked ? chunks_of(body, dice_.one_in(3), dice_) : body;
  return sent;
}

// A request that is none: broken off, or malformed.
void Client::spoil(Sent& last, Ending ending) {
  if (ending == Ending::broken) {
    last.text.resize(dice_.up_to(last.text.size() - 1));
  } else if (dice_.one_in(3)) {
    last.text = fmt::format("POST {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nax\r\nnonsense\r\n\r\n",
                            target_of(last.asked));
  } else {
    last.text = nonsense[dice_.up_to(nonsense.size() - 1)];
  }
}

bool Client::send(RawConnection& peer, const std::vector<Sent>& batch, bool in_pieces) {
  std::string text;
  for (const Sent& sent : batch) text += sent.text;
  std::string_view rest = text;
  for (std::size_t pieces = in_pieces ? 2 + dice_.up_to(5) : 1; pieces > 0; --pieces) {
    const std::size_t size = pieces == 1 ? rest.size() : dice_.up_to(rest.size());
    if (!peer.send(rest.substr(0, size), patience)) return false;
    rest.remove_prefix(size);
    if (pieces > 1) stall(peer, milliseconds(dice_.up_to(dice_.one_in(10) ? 600 : 60)));
  }
  return true;
}

// The head, and the body only when it is told to go on. False: it is not.
bool Client::send_expecting(RawConnection& peer, Sent& sent) {
  if (!peer.send(std::string_view(sent.text).substr(0, sent.head_bytes), patience)) return false;
  const auto word = peer.read_until("\r\n\r\n", patience);
  if (!word || !word->starts_with("HTTP/1.1 100")) return false;
  return peer.send(std::string_view(sent.text).substr(sent.head_bytes), patience).has_value();
}

// A batch of requests and what comes of it. True: the connection can carry another.
bool Client::round(RawConnection& peer) {
  const bool pipelined = dice_.one_in(5);
  expecting_ = !pipelined && dice_.one_in(10);
  std::vector<Sent> batch;
  for (std::size_t count = pipelined ? 2 + dice_.up_to(4) : 1; count > 0; --count) batch.push_back(make(pipelined));
  const Ending ending = expecting_ ? Ending::await : any_ending();
  const bool spoilt = ending == Ending::broken || ending == Ending::malformed;
  if (spoilt) spoil(batch.back(), ending);
  const bool in_pieces = !expecting_ && dice_.one_in(10);
  const bool with_body = batch.back().text.size() > batch.back().head_bytes;
  const bool sent = expecting_ && with_body ? send_expecting(peer, batch.back()) : send(peer, batch, in_pieces);
  // A head that comes in pieces may come too late: then there is no exchange.
  if (in_pieces) sound_ = false;
  bool goes_on = false;
  if (sent) {
    const std::size_t whole = batch.size() - (spoilt ? 1 : 0);
    for (std::size_t i = 0; i < whole; ++i) batch[i].note.seen = Seen::did_not_look;
    if (ending == Ending::late) stall(peer, milliseconds(dice_.up_to(700)));
    if (ending == Ending::half_close || (spoilt && dice_.one_in(2))) peer.end_sending();
    if (ending == Ending::partly) [[maybe_unused]]
      const auto some = peer.read(dice_.up_to(5'000), milliseconds(200));
    if (ending == Ending::reset || (ending == Ending::partly && dice_.one_in(2))) peer.reset();
    else if (ending != Ending::leave && ending != Ending::partly) goes_on = look_at(peer, batch, whole);
    if (goes_on && spoilt) [[maybe_unused]]
      const auto rest = peer.read_to_end(milliseconds(dice_.up_to(1000)));
    if (spoilt && peer.fd() >= 0 && dice_.one_in(2)) peer.reset();
  }
  write_down(batch);
  return goes_on && (ending == Ending::await || ending == Ending::late);
}

// The answers, in their order, as far as they come.
bool Client::look_at(RawConnection& peer, std::vector<Sent>& batch, std::size_t whole) {
  for (std::size_t i = 0; i < whole; ++i) {
    Note& note = batch[i].note;
    note.due = sound_;
    const Look seen = look(peer, batch[i]);
    note.seen = seen.seen;
    note.status = static_cast<std::uint16_t>(seen.status);
    sound_ = sound_ && seen.keeps;
    if (seen.seen != Seen::answered) return false;
  }
  return true;
}

Client::Look Client::look(RawConnection& peer, const Sent& sent) {
  while (true) {
    const auto head = peer.read_until("\r\n\r\n", patience);
    if (!head) return {.seen = ran_out(head.error()) ? Seen::nothing : Seen::ended};
    if (head->size() < 12 || !head->starts_with("HTTP/1.1 ")) {
      ++wrong_;
      return {};
    }
    if (head->at(9) != '1') return look_at_body(peer, sent, *head);
  }
}

Client::Look Client::look_at_body(RawConnection& peer, const Sent& sent, std::string_view head) {
  Look look{.seen = Seen::answered, .status = number_of(head.substr(9, 3))};
  const std::string_view length = header_of(head, "Content-Length");
  const bool chunked = !header_of(head, "Transfer-Encoding").empty();
  const bool framed = chunked || !length.empty() || look.status == 204;
  look.keeps = framed && header_of(head, "Connection").empty() && header_of(head, "X-Early").empty();
  base::Result<std::string> body;
  if (!sent.to_head && look.status != 204) {
    body = chunked          ? read_chunks(peer, patience)
           : length.empty() ? peer.read_to_end(patience)
                            : peer.read(number_of(length), patience);
  }
  if (!body) return {.seen = ran_out(body.error()) ? Seen::nothing : Seen::cut};
  const auto answered = header_of(head, "X-Soak");
  if (answered.empty()) {
    look.seen = Seen::our_answer;
    look.keeps = false;
    return look;
  }
  const std::string text = chunked && !sent.to_head ? body_of_chunks(*body).value_or("?") : *body;
  const bool bodiless = sent.to_head || look.status == 204;
  const bool right = answered == target_of(sent.asked) && text.size() == (bodiless ? 0 : sent.asked.bytes) &&
                     text.find_first_not_of(sent.asked.identity.letter()) == std::string::npos;
  if (!right) ++wrong_;
  return look;
}

void Client::write_down(const std::vector<Sent>& batch) {
  for (const Sent& sent : batch) notes_.add(sent.note);
}

}  // namespace stormproof::soak
