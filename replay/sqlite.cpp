#include "replay/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace stormproof::replay {
namespace {

// `last_errno`: for those ways through SQLite on which it forgets what the system said.
std::unexpected<base::Error> fail_sqlite(const std::string& path, sqlite3* database, int code, int last_errno = 0) {
  std::string why = sqlite3_errstr(code);
  if (database != nullptr && sqlite3_errcode(database) == code) why = sqlite3_errmsg(database);
  int errno_value = database == nullptr ? 0 : sqlite3_system_errno(database);
  if (errno_value == 0) errno_value = last_errno;
  const int primary = code & 0xff;
  if (errno_value != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL)) {
    why += fmt::format(" ({})", std::strerror(errno_value));
  }
  return base::fail(fmt::format("{}: {}", path, why));
}

// A path as the path of an SQLite URI.
std::string uri_of(const std::string& path, std::string_view parameters) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
    else uri += c;
  }
  return uri.append("?").append(parameters);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// A bind fails for want of memory or for a blob above SQLite's limit; the step() that follows then reports it, because
// a parameter that is not bound is NULL and no column of ours takes NULL.
Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view value) {
  sqlite3_bind_text64(handle_.get(), index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view value) {
  sqlite3_bind_blob64(handle_.get(), index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC);
  return *this;
}

base::Result<bool> Statement::step() {
  errno = 0;
  const int code = sqlite3_step(handle_.get());
  const int last_errno = errno;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* const database = sqlite3_db_handle(handle_.get());
  return fail_sqlite(path_, database, sqlite3_extended_errcode(database), last_errno);
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

base::Result<void> Statement::run() {
  auto row = step();
  while (row && *row) row = step();
  reset();
  if (!row) return std::unexpected(row.error());
  return {};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

std::string_view Statement::bytes(int column) const {
  const auto* const first = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  if (first == nullptr) return {};
  return {first, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

base::Result<Database> Database::open(const std::string& path, Mode mode) {
  const bool write = mode == Mode::write;
  const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  const std::string uri = uri_of(path, mode == Mode::immutable ? "immutable=1" : write ? "mode=rw" : "mode=ro");
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &opened, flags, mode == Mode::orphaned ? "unix-none" : nullptr);
  Database database;
  database.path_ = path;
  database.handle_.reset(opened);
  if (code != SQLITE_OK) return fail_sqlite(path, opened, code);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, row_bytes_max);
  // Bytes from anywhere: the schema of a hostile file must not run anything.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (!write) {
    sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (const auto checked = database.run("PRAGMA cell_size_check=ON"); !checked)
      return std::unexpected(checked.error());
  }
  // In this locking mode SQLite keeps the index of the log in its own memory, and needs no -shm file beside it.
  if (mode == Mode::orphaned) {
    if (const auto alone = database.run("PRAGMA locking_mode=EXCLUSIVE"); !alone) return std::unexpected(alone.error());
  }
  return database;
}

base::Result<void> Database::run(const char* sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(path_, handle_.get(), code, errno);
  return {};
}

base::Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  Statement statement;
  statement.path_ = path_;
  statement.handle_.reset(prepared);
  if (code != SQLITE_OK) return fail_sqlite(path_, handle_.get(), code);
  return statement;
}

base::Result<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

}  // namespace stormproof::replay
