#include "harness/wire/connection.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace stormproof::wire {

template <typename T>
struct Connection::SlotAllocator {
  using value_type = T;
  Slot* slot;

  explicit SlotAllocator(Slot* of) : slot(of) {}
  template <typename U>
  SlotAllocator(const SlotAllocator<U>& other) : slot(other.slot) {}

  T* allocate(std::size_t count) {
    static_assert(sizeof(T) <= Slot::bytes && alignof(T) <= alignof(std::max_align_t));
    assert(count == 1);
    static_cast<void>(count);
    return reinterpret_cast<T*>(slot->memory.data());
  }
  void deallocate(T*, std::size_t) {}
  template <typename U>
  bool operator==(const SlotAllocator<U>& other) const {
    return slot == other.slot;
  }
};

struct Connection::ReadHandler {
  Connection* connection;
  using allocator_type = SlotAllocator<char>;
  allocator_type get_allocator() const { return allocator_type(&connection->read_slot_); }
  void operator()(const ErrorCode& code, std::size_t bytes) const { connection->on_read(code, bytes); }
};

struct Connection::WriteHandler {
  Connection* connection;
  using allocator_type = SlotAllocator<char>;
  allocator_type get_allocator() const { return allocator_type(&connection->write_slot_); }
  void operator()(const ErrorCode& code) const {
    Write& write = *connection->writing_;
    write.error_ = code;
    write.go_on();
  }
};

Connection::Connection(Socket socket) : socket_(std::move(socket)) {
  ErrorCode ignored;  // on a socket that is already broken the first read or write says so
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  assert(!reading_ && writing_ == nullptr && "a connection is settled before it is destroyed");
}

void Connection::consume(std::size_t bytes) {
  assert(bytes <= filled_ - begin_);
  begin_ += bytes;
  if (begin_ == filled_ && !reading_) begin_ = filled_ = 0;
}

void Connection::reserve(std::size_t bytes) {
  if (reading_) return;
  bytes = std::min(bytes, large_buffer);
  const std::size_t unread_bytes = filled_ - begin_;
  if (bytes <= capacity_) {
    if (begin_ > 0 && begin_ + bytes > capacity_) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, unread_bytes);
      begin_ = 0;
      filled_ = unread_bytes;
    }
    return;
  }
  const std::size_t capacity = bytes <= small_buffer ? small_buffer : large_buffer;
  Buffer buffer(capacity);
  if (unread_bytes > 0) std::memcpy(buffer.get(), buffer_.get() + begin_, unread_bytes);
  buffer_ = std::move(buffer);
  capacity_ = capacity;
  begin_ = 0;
  filled_ = unread_bytes;
}

void Connection::shrink() {
  if (reading_ || begin_ != filled_ || capacity_ <= small_buffer) return;
  buffer_ = Buffer();
  capacity_ = begin_ = filled_ = 0;
}

// A second read after the end would wait for an edge of epoll that does not come.
void Connection::arm() {
  if (reading_ || ended() || !open()) return;
  if (begin_ == filled_) begin_ = filled_ = 0;
  if (capacity_ == 0) reserve(small_buffer);
  if (filled_ == capacity_) return;
  reading_ = true;
  arrival_ = {};
  socket_.async_read_some(asio::mutable_buffer(buffer_.get() + filled_, capacity_ - filled_), ReadHandler{this});
}

void Connection::on_read(const ErrorCode& code, std::size_t bytes) {
  reading_ = false;
  filled_ += bytes;
  arrival_ = {bytes, code == asio::error::eof, code == asio::error::eof ? ErrorCode{} : code};
  if (settler_) {
    std::exchange(settler_, nullptr).resume();
  } else if (reader_) {
    std::exchange(reader_, nullptr).resume();
  } else if (watcher_ != nullptr) {
    watcher_->on_arrival(*this);
  }
}

bool Connection::More::await_ready() {
  Connection& connection = connection_;
  if (!connection.reading_ && (connection.arrival_.bytes > 0 || connection.ended())) return true;
  if (connection.filled_ == connection.capacity_) connection.reserve(connection.unread().size() + 1);
  connection.arm();
  if (connection.reading_) return false;
  connection.stopped_ = connection.open() ? asio::error::no_buffer_space : asio::error::operation_aborted;
  return true;
}

Arrival Connection::More::await_resume() {
  if (connection_.stopped_) return {0, false, std::exchange(connection_.stopped_, {})};
  const Arrival arrival = connection_.arrival_;
  if (arrival.bytes > 0) connection_.arrival_ = {};
  return arrival;
}

void Connection::stop_waiting() {
  if (!reader_) return;
  stopped_ = asio::error::operation_aborted;
  std::exchange(reader_, nullptr).resume();
}

Connection::Write::Write(Connection& connection, std::span<const std::string_view> parts) : connection_(connection) {
  assert(parts.size() <= write_parts_max);
  for (const std::string_view part : parts) {
    if (!part.empty()) parts_[count_++] = asio::const_buffer(part.data(), part.size());
  }
}

// Writes until all is out, the socket is full (would_block) or an error.
void Connection::Write::try_now() {
  while (first_ < count_) {
    const auto left = std::span<const asio::const_buffer>(parts_).subspan(first_, count_ - first_);
    std::size_t written = left.size() == 1 ? connection_.socket_.write_some(left.front(), error_)
                                           : connection_.socket_.write_some(left, error_);
    if (error_) return;
    while (written > 0) {
      const std::size_t taken = std::min(written, parts_[first_].size());
      parts_[first_] += taken;
      written -= taken;
      if (parts_[first_].size() == 0) ++first_;
    }
  }
}

bool Connection::Write::await_ready() {
  try_now();
  return error_ != asio::error::would_block;
}

void Connection::Write::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  connection_.writing_ = this;
  connection_.socket_.async_wait(Socket::wait_write, WriteHandler{&connection_});
}

void Connection::Write::go_on() {
  if (!error_) try_now();
  if (error_ == asio::error::would_block) {
    await_suspend(waiter_);
    return;
  }
  connection_.writing_ = nullptr;
  waiter_.resume();
}

void Connection::close() {
  ErrorCode ignored;  // closing has no one to tell
  socket_.close(ignored);
}

void Connection::reset() {
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace stormproof::wire
