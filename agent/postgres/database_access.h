#ifndef RESETCTL_AGENT_POSTGRES_DATABASE_ACCESS_H_
#define RESETCTL_AGENT_POSTGRES_DATABASE_ACCESS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/session.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// The way to the agent's database, and the schema of its own tables there.
struct DatabaseAccess {
  // NOLINTNEXTLINE(google-explicit-constructor): a URL alone is the way to a database with the usual schema.
  DatabaseAccess(base::Secret database_url, std::string schema = kOwnSchema)
      : url(std::move(database_url)), own_schema(std::move(schema)) {}

  // As Session::Connect().
  absl::StatusOr<std::unique_ptr<Session>> Connect() const {
    absl::StatusOr<std::unique_ptr<Session>> session = Session::Connect(url);
    if (session.ok()) (*session)->UseOwnSchema(own_schema);
    return session;
  }

  base::Secret url;
  std::string own_schema;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_DATABASE_ACCESS_H_
