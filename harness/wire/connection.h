// Connection: one TCP stream with a read-ahead buffer and writes that try the system call first.
//
// Reading: unread() is what has arrived and was not consumed; more() waits for bytes beyond that. At most one read is
// under way; arm() starts it ahead of need, so that the other side's leaving is seen at once (on_arrival). A buffer
// that is full arms no read: that is the back-pressure. Views into unread() are good until they are consumed, or the
// next more(), reserve() or shrink(); arm() moves nothing. Writing: write() completes when all bytes are with the
// kernel; at most one at a time. A pending read or write ends when close() is called. Before its destruction a
// connection must be settled. One thread. Nothing is allocated per operation, and a read calls the system once: the
// Reactor says when, and a read that does not fill the room was the last one until it says so again.
// With a layer (TLS) all bytes go through that; without one nothing is asked of it. close() says nothing on a layer, so
// what was cut looks cut; where the end is in order, end_sending() or close_in_order(). A Rider
// is what somebody else keeps with a connection.
#pragma once

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "harness/events/event.h"
#include "harness/wire/buffer.h"
#include "harness/wire/layer.h"
#include "harness/wire/socket.h"

namespace stormproof::wire {

// What a wait for bytes gave: bytes > 0, or the end (eof), or an error.
struct Arrival {
  std::size_t bytes = 0;
  bool eof = false;
  ErrorCode error;
  bool ended() const { return bytes == 0; }
};

// What lives as long as a connection and is not its own: who watches or hurts it. Destroyed before the socket is.
class Rider {
 public:
  virtual ~Rider() = default;
  // The fault that ended the connection; nothing: none did.
  virtual std::optional<events::NameId> cut_by() const { return std::nullopt; }

  // A fault that acts on the connection's bytes, and what became of them.
  struct Hurt {
    events::NameId fault = 0;
    bool swallows = false;                          // what is written never arrives
    bool unheard = false;                           // something came, and was or is kept from whoever reads
    std::chrono::steady_clock::time_point since{};  // of the first that was done
  };
  virtual std::optional<Hurt> hurt() const { return std::nullopt; }
};

class Connection final : private Reactor::Watcher {
 public:
  static constexpr std::size_t small_buffer = 4 * 1024;   // while idle or for small messages
  static constexpr std::size_t large_buffer = 64 * 1024;  // while a large message streams; holds any legal head
  static constexpr std::size_t write_parts_max = Socket::write_parts_max;

  // Told of every arrival that no more() was waiting for. May close the connection, not destroy it.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void on_arrival(Connection& connection) = 0;
  };

  explicit Connection(Socket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  Socket& socket() { return socket_; }

  // Only while nothing is unread and nothing under way.
  void set_layer(std::unique_ptr<Layer> layer);
  bool layered() const { return layer_ != nullptr; }
  // At any time: puts on what `make` makes of the layer before (nullptr: none).
  template <typename Make>
  void wrap_layer(Make make) {
    layer_ = make(std::move(layer_));
    if (reading_) socket_.reactor().turn(*this);
  }
  // For the layer: what waits for it asks it again. May end in the destruction of connection and layer.
  void layer_readable();
  void layer_writable();

  void carry(std::unique_ptr<Rider> rider) { rider_ = std::move(rider); }
  const Rider* rider() const { return rider_.get(); }

  // What its owner calls it, for events; 0 until set.
  std::uint64_t number() const { return number_; }
  void set_number(std::uint64_t number) { number_ = number; }

  std::string_view unread() const { return {buffer_.get() + begin_, filled_ - begin_}; }
  void consume(std::size_t bytes);

  // Makes room for at least `bytes` unread bytes in all (up to large_buffer). Does nothing while a read is under way.
  void reserve(std::size_t bytes);
  // Goes back to the small buffer, if nothing is unread and no read is under way.
  void shrink();
  bool full() const { return unread().size() == capacity_; }

  // Starts a read if there is room behind what is unread. Does nothing once the other side has ended.
  void arm();
  void watch(Watcher* watcher) { watcher_ = watcher; }
  // What the last read that no more() took gave; `bytes == 0` and not eof: nothing yet. An end stays.
  const Arrival& arrived() const { return arrival_; }
  bool ended() const { return arrival_.eof || arrival_.error; }
  bool reading() const { return reading_; }

  class More {
   public:
    explicit More(Connection& connection) : connection_(connection) {}
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter) { connection_.reader_ = waiter; }
    Arrival await_resume();

   private:
    Connection& connection_;
  };
  // Makes room, up to large_buffer. Where that is full of unread bytes: no_buffer_space.
  More more() { return More(*this); }
  // Ends a more() that waits, with operation_aborted; the read itself goes on, and nothing is lost.
  void stop_waiting();

  class Write {
   public:
    Write(Connection& connection, std::span<const std::string_view> parts);
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    ErrorCode await_resume() const { return error_; }

   private:
    friend class Connection;
    bool waits_for(LayerStep::Wants readiness) const {
      return wants_ == readiness || wants_ == LayerStep::Wants::layer;
    }
    void try_now();
    void try_layer();
    void took(std::size_t bytes);
    void go_on();
    void end(const ErrorCode& error);

    Connection& connection_;
    std::array<asio::const_buffer, write_parts_max> parts_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool ends_ = false;  // after the parts, our side
    bool flushes_ = false;
    LayerStep::Wants wants_ = LayerStep::Wants::writable;
    ErrorCode error_;
    std::coroutine_handle<> waiter_;
  };
  bool writing() const { return writing_ != nullptr; }
  Write write(std::string_view bytes) { return Write(*this, std::span(&bytes, 1)); }
  Write write(std::span<const std::string_view> parts) { return Write(*this, parts); }

  // Tells the other side that no more comes; reading goes on. Like a write().
  Write end_sending();
  // Completes when what a layer holds back is with the socket; without one at once. Like a write().
  Write flush();

  // The socket's readiness, for who reads and writes it without this: a handshake. operation_aborted after close().
  class Ready {
   public:
    Ready(Connection& connection, LayerStep::Wants wants) : connection_(connection), wants_(wants) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter);
    ErrorCode await_resume() const { return error_; }

   private:
    friend class Connection;
    void end(const ErrorCode& error);

    Connection& connection_;
    LayerStep::Wants wants_;
    ErrorCode error_;
    std::coroutine_handle<> waiter_;
  };
  Ready ready(LayerStep::Wants wants) { return {*this, wants}; }

  // Ends a more() or write() that is under way with operation_aborted and closes the socket. Idempotent.
  void close();
  // The same after telling the other side that this is the end, where a layer has words for it and no write is under
  // way; tried once.
  void close_in_order();
  // The same with a reset on the wire.
  void reset();
  bool open() const { return socket_.is_open(); }

  class Settled {
   public:
    explicit Settled(Connection& connection) : connection_(connection) {}
    bool await_ready() const { return !connection_.reading_; }
    void await_suspend(std::coroutine_handle<> waiter) { connection_.settler_ = waiter; }
    void await_resume() const {}

   private:
    Connection& connection_;
  };
  // After close(): completes when no read is under way any more. No more() or write() may be waiting.
  Settled settled() { return Settled(*this); }

 private:
  void on_readable(bool ended) override;
  void on_writable() override;
  void on_turn() override;

  void read_socket();
  void read_layer();
  void on_read(const ErrorCode& code, std::size_t bytes);

  Socket socket_;
  std::unique_ptr<Rider> rider_;
  std::unique_ptr<Layer> layer_;
  Buffer buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t number_ = 0;
  bool reading_ = false;
  bool readable_ = false;  // the socket may hold something for which no further edge comes
  bool last_ = false;      // the other side has ended: what is read is followed by the end
  LayerStep::Wants read_wants_ = LayerStep::Wants::readable;
  ErrorCode broken_;   // the socket could not be watched
  ErrorCode stopped_;  // what ends the present more() without an arrival
  Arrival arrival_;
  std::coroutine_handle<> reader_;
  std::coroutine_handle<> settler_;
  Watcher* watcher_ = nullptr;
  Write* writing_ = nullptr;
  Ready* readying_ = nullptr;
};

}  // namespace stormproof::wire
