#include "faults/fault_layer.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

namespace stormproof::faults {

namespace asio = wire::asio;
using wire::ErrorCode;
using wire::LayerStep;
using Wants = LayerStep::Wants;

struct FaultLayer::Self {
  FaultLayer* layer;
};

FaultLayer::FaultLayer(wire::Connection& connection, std::unique_ptr<wire::Layer> inner, Owner& owner)
    : connection_(connection),
      inner_(std::move(inner)),
      owner_(owner),
      self_(std::make_shared<Self>(Self{this})),
      timer_(static_cast<wire::IoContext&>(connection.socket().reactor().context()).get_executor()) {}

FaultLayer::~FaultLayer() {
  self_->layer = nullptr;
  owner_.on_layer_ends();
}

void FaultLayer::changed() { wake_later(); }

void FaultLayer::wake_later() {
  asio::post(timer_.get_executor(), [self = self_] {
    if (self->layer != nullptr) self->layer->wake();
  });
}

// The connection goes on by itself afterwards.
void FaultLayer::on_edge() {
  if (incoming_.plain() && outgoing_.plain()) return;
  service();
  arm();
}

LayerStep FaultLayer::read_inner(std::span<char> room) {
  if (inner_ != nullptr) return inner_->read(room);
  LayerStep step;
  step.bytes = connection_.socket().read_some(room, step.error);
  if (step.error == asio::error::would_block) return {.wants = Wants::readable};
  return step;
}

LayerStep FaultLayer::write_inner(std::span<const asio::const_buffer> parts) {
  if (inner_ != nullptr) return inner_->write(parts);
  LayerStep step;
  step.bytes = connection_.socket().write_some(parts, step.error);
  if (step.error == asio::error::would_block) return {.wants = Wants::writable};
  return step;
}

LayerStep FaultLayer::read(std::span<char> room) {
  if (incoming_.plain()) return read_inner(room);
  std::size_t filled = 0;
  std::size_t before = 0;
  do {
    service();
    before = filled;
    Segments& out = incoming_.out();
    while (!out.empty() && filled < room.size()) {
      const std::string_view left = out.front().left();
      const std::size_t bytes = std::min(left.size(), room.size() - filled);
      std::ranges::copy(left.substr(0, bytes), room.data() + filled);
      out.skip(bytes);
      filled += bytes;
    }
  } while (filled > before && filled < room.size());
  arm();
  if (filled > 0) return {.bytes = filled};
  if (!connection_.open()) return {.error = asio::error::operation_aborted};
  Segments& out = incoming_.out();
  if (!out.at_end()) return incoming_.plain() ? read_inner(room) : LayerStep{.wants = Wants::layer};
  if (out.ended()->kind == End::Kind::in_order) return {.error = asio::error::eof};
  if (out.ended()->kind == End::Kind::broken) return {.error = out.ended()->error};
  owner_.on_end_by_fault();
  return {.error = asio::error::connection_aborted};
}

LayerStep FaultLayer::write(std::span<const asio::const_buffer> parts) {
  if (outgoing_.plain() || direct_write_) {
    const LayerStep step = write_inner(parts);
    direct_write_ = step.waits();
    return step;
  }
  std::size_t taken = 0;
  for (int attempt = 0; attempt < 2 && taken == 0; ++attempt) {
    std::string bytes;
    for (const auto& part : parts) {
      const std::size_t room = outgoing_.room() - std::min(outgoing_.room(), bytes.size());
      bytes.append(static_cast<const char*>(part.data()), std::min(part.size(), room));
    }
    taken = bytes.size();
    if (taken > 0) outgoing_.put(std::move(bytes), std::chrono::steady_clock::now());
    service();
  }
  arm();
  if (!connection_.open()) return {.error = asio::error::operation_aborted};
  if (write_error_) return {.error = write_error_};
  return taken > 0 ? LayerStep{.bytes = taken} : LayerStep{.wants = Wants::layer};
}

LayerStep FaultLayer::end_sending() {
  if (!end_put_ && !outgoing_.plain()) outgoing_.end({End::Kind::in_order, std::chrono::steady_clock::now()});
  end_put_ = true;
  if (!outgoing_.plain() || outgoing_.silent()) {
    service();
    arm();
  }
  if (!connection_.open()) return {.error = asio::error::operation_aborted};
  if (write_error_) return {.error = write_error_};
  if (outgoing_.busy() || outgoing_.silent()) return {.wants = Wants::layer};
  return inner_ != nullptr ? inner_->end_sending() : LayerStep{};
}

LayerStep FaultLayer::flush() {
  if (!connection_.open()) return {.error = asio::error::operation_aborted};
  if (!outgoing_.busy() && !outgoing_.silent()) return inner_ != nullptr ? inner_->flush() : LayerStep{};
  service();
  arm();
  if (write_error_) return {.error = write_error_};
  return outgoing_.busy() || outgoing_.silent() ? LayerStep{.wants = Wants::layer} : LayerStep{};
}

void FaultLayer::source_ends(const ErrorCode& error) {
  source_ended_ = true;
  const Instant now = std::chrono::steady_clock::now();
  if (error == asio::error::eof) incoming_.end({End::Kind::in_order, now});
  else incoming_.end({End::Kind::broken, now, error});
  // Who is never told anything has gone itself: there is nobody to keep the connection for.
  if (incoming_.silent()) cut(End::Kind::cut);
}

// Reads ahead what there is room for.
void FaultLayer::pull() {
  static thread_local std::array<char, read_bytes> bytes;
  std::size_t pulled = 0;
  while (!source_ended_ && connection_.open() && incoming_.room() > 0 && pulled < pull_bytes_max) {
    const LayerStep step = read_inner({bytes.data(), std::min(bytes.size(), incoming_.room())});
    if (step.waits()) return;  // until the next edge
    if (step.error) return source_ends(step.error);
    incoming_.put(std::string(bytes.data(), step.bytes), std::chrono::steady_clock::now());
    pulled += step.bytes;
  }
  if (pulled >= pull_bytes_max) wake_later();
}

// Writes what may leave, a segment a call: borders that a fault has made stay.
void FaultLayer::push() {
  Segments& out = outgoing_.out();
  while (!out.empty() && connection_.open() && !write_error_ && !direct_write_) {
    const asio::const_buffer left(out.front().left().data(), out.front().left().size());
    const LayerStep step = write_inner({&left, 1});
    if (step.waits()) return;  // until the next edge
    if (step.error) {
      write_error_ = step.error;
      out.drop_all();
      return;
    }
    out.skip(step.bytes);
  }
}

// Runs the flows until nothing moves: what has left makes room for more.
void FaultLayer::service() {
  if (!incoming_.plain()) pull();
  std::uint64_t before = 0;
  do {
    const Instant now = std::chrono::steady_clock::now();
    before = outgoing_.moves();
    again_ = std::min(incoming_.run(now), outgoing_.run(now));
    again_ = std::min(again_, incoming_.run(now));  // what the other direction has decided
    push();
  } while (outgoing_.moves() != before);
  meet_ends();
}

void FaultLayer::meet_ends() {
  const std::optional<End>& in = incoming_.out().ended();
  if (in && in->kind == End::Kind::reset) return cut(End::Kind::reset);
  Segments& out = outgoing_.out();
  if (!out.ended()) return;
  if (out.ended()->kind == End::Kind::reset) return cut(End::Kind::reset);
  if (!out.empty()) return;
  if (out.ended()->kind == End::Kind::cut) return cut(End::Kind::cut);
  out.take_end();  // in order: end_sending() goes on
}

void FaultLayer::cut(End::Kind kind) {
  if (std::exchange(cut_, true)) return;
  if (kind == End::Kind::cut && connection_.open()) {
    ErrorCode ignored = connection_.socket().shutdown_send();  // it may have gone already
    // Unread bytes would turn the end into a reset, which may overtake what was sent.
    std::array<char, 4096> bytes;
    for (std::size_t read = 0; read < pull_bytes_max && !ignored;)
      read += connection_.socket().read_some(bytes, ignored);
  }
  owner_.on_cut(kind);
}

void FaultLayer::arm() {
  if (!connection_.open()) return;
  if (again_ == timer_at_) return;
  timer_at_ = again_;
  if (again_ == never) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(again_);
  timer_.async_wait([self = self_](const ErrorCode& code) {
    if (code || self->layer == nullptr) return;
    self->layer->timer_at_ = never;
    self->layer->wake();
  });
}

void FaultLayer::wake() {
  if (!connection_.open()) return;
  service();
  arm();
  // Either may end in this layer's end.
  const std::shared_ptr<Self> self = self_;
  connection_.layer_readable();
  if (self->layer != nullptr) connection_.layer_writable();
}

}  // namespace stormproof::faults
