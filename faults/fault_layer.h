// FaultLayer: the two flows of a connection, put between it and its socket (or its TLS).
//
// While nothing stands on a flow, its bytes take the way that they would take without this. Else: what the socket brings
// is read ahead into `incoming` as far as there is room, and given to the connection when it may leave; what the
// connection writes goes into `outgoing` and to the socket when it may leave. An end in order waits for what is held before it.
// A close of the connection drops what is held. Lives and ends with its connection; one thread.
#pragma once

#include <memory>

#include "faults/flow.h"
#include "harness/wire/connection.h"
#include "harness/wire/layer.h"

namespace stormproof::faults {

class FaultLayer final : public wire::Layer {
 public:
  static constexpr std::size_t read_bytes = 64 * 1024;    // at once; what one read gives is one segment
  static constexpr std::size_t pull_bytes_max = 1 << 20;  // before others on the loop have their turn

  class Owner {
   public:
    virtual ~Owner() = default;
    // A fault ends the connection: by a reset, or after all that may still leave has left. Closes it.
    virtual void on_cut(End::Kind kind) = 0;
    // The connection is told of an end that a fault has put there.
    virtual void on_end_by_fault() = 0;
    // The layer ends, with its connection; the flows are there for the last time.
    virtual void on_layer_ends() = 0;
  };

  // `inner`: the layer that was there, or nullptr. Connection and owner outlive this.
  FaultLayer(wire::Connection& connection, std::unique_ptr<wire::Layer> inner, Owner& owner);
  ~FaultLayer() override;

  Flow& incoming() { return incoming_; }
  Flow& outgoing() { return outgoing_; }
  // After an obstacle has come, changed or gone: takes effect at the loop's next turn.
  void changed();

  wire::LayerStep read(std::span<char> room) override;
  wire::LayerStep write(std::span<const wire::asio::const_buffer> parts) override;
  wire::LayerStep end_sending() override;
  wire::LayerStep flush() override;
  void on_edge() override;

 private:
  struct Self;

  void wake();
  void wake_later();
  void service();
  void pull();
  void push();
  void meet_ends();
  void source_ends(const wire::ErrorCode& error);
  void cut(End::Kind kind);
  void arm();
  wire::LayerStep read_inner(std::span<char> room);
  wire::LayerStep write_inner(std::span<const wire::asio::const_buffer> parts);

  wire::Connection& connection_;
  std::unique_ptr<wire::Layer> inner_;
  Owner& owner_;
  std::shared_ptr<Self> self_;  // what a handler that is still queued finds empty when this is gone
  Flow incoming_;
  Flow outgoing_;
  wire::Timer timer_;
  Instant again_ = never;     // when to look at the flows
  Instant timer_at_ = never;  // for when the timer stands
  bool source_ended_ = false;
  bool direct_write_ = false;  // one that began on the plain way is not done
  bool end_put_ = false;
  bool cut_ = false;
  wire::ErrorCode write_error_;
};

}  // namespace stormproof::faults
