// Sqlite: the adapter to SQLite, so that its errors are base::Error and its handles have one owner.
//
// One thread at a time. A Statement must not outlive its Database. Errors name the file and, where the system said
// why, the cause: "x.traffic: disk I/O error (No space left on device)".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace stormproof::replay {

class Statement {
 public:
  // Parameters count from 1. Text and blobs must live until reset().
  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_blob(int index, std::string_view value);

  // True: a row is here. An error leaves the statement ready for reset().
  base::Result<bool> step();
  void reset();
  // step() to the end, then reset().
  base::Result<void> run();

  // Columns count from 0. Views live until the next step() or reset(). A column of another type reads as 0 or empty.
  std::int64_t integer(int column) const;
  std::string_view bytes(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
 public:
  // A longer row is refused, whatever its file claims.
  static constexpr int row_bytes_max = 64 << 20;

  enum class Mode {
    write,      // an existing file, to be written
    immutable,  // nobody writes it: no locks, no files beside it are looked at or made
    shared,     // somebody may be writing it: with their locks
    orphaned,   // a write-ahead log stands beside it and its writer is gone: without locks, the log is read in place
  };
  static base::Result<Database> open(const std::string& path, Mode mode);

  base::Result<void> run(const char* sql);
  base::Result<Statement> prepare(std::string_view sql);

  // One integer, such as a PRAGMA gives.
  base::Result<std::int64_t> integer(std::string_view sql);

  bool in_transaction() const;
  // No call may follow, and no Statement be left.
  void close() { handle_.reset(); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace stormproof::replay
