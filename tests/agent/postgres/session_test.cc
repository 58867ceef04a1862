#include "agent/postgres/session.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/tcp_proxy.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Normal(const std::string& url) {
  const absl::StatusOr<base::Secret> secret = NormalizeDatabaseUrl(base::Secret(url));
  return secret.ok() ? secret->Reveal() : contract::NameOf(contract::ReasonOf(secret.status()));
}

TEST(DatabaseUrlTest, AcceptsEveryFormThatPeoplePaste) {
  EXPECT_EQ(Normal("postgresql://u:p@h:5432/d"), "postgresql://u:p@h:5432/d");
  EXPECT_EQ(Normal("postgresql+asyncpg://u:p@h/d"), "postgresql://u:p@h/d");
  EXPECT_EQ(Normal("postgresql+psycopg2://u:p@h/d"), "postgresql://u:p@h/d");
  EXPECT_EQ(Normal("postgresql+psycopg://u:p@h/d"), "postgresql://u:p@h/d");
  EXPECT_EQ(Normal("host=h dbname=d user=u password=p"), "host=h dbname=d user=u password=p");
  EXPECT_EQ(Normal("  postgres://u:p@h/d\n"), "postgresql://u:p@h/d");
  EXPECT_EQ(Normal("postgresql://u:p%40x@[::1]:5432/d?sslmode=require"),
            "postgresql://u:p%40x@[::1]:5432/d?sslmode=require");
}

TEST(DatabaseUrlNeverAgainTest, AcceptsTheFormThatRailwayHandsOut) {
  EXPECT_EQ(Normal("postgres://u:p@h:5432/railway"), "postgresql://u:p@h:5432/railway");
}

TEST(DatabaseUrlTest, TranslatesWhatDriversCallOtherwise) {
  EXPECT_EQ(Normal("postgresql+asyncpg://u:p@h/d?ssl=require"),
            "postgresql://u:p@h/d?sslmode=require");
  EXPECT_EQ(Normal("postgresql+asyncpg://u:p@h/d?ssl=true&prepared_statement_cache_size=0"),
            "postgresql://u:p@h/d?sslmode=require");
  EXPECT_EQ(Normal("postgresql://u:p@h/d?timeout=7"), "postgresql://u:p@h/d?connect_timeout=7");
}

TEST(DatabaseUrlNeverAgainTest, RefusesWithoutQuotingAnyPartOfTheUrl) {
  for (const char* url :
       {"postgresql://hugo:s3cret@h:port/d", "mysql://hugo:s3cret@h/d",
        "postgresql://hugo:s3cret@h/d?s3cret=1", "hugo:s3cret", "host=h pass s3cret",
        "postgresql+s3cret://h/d", "postgresql://hugo:s3%zzcret@h/d",
        "postgresql://hugo:s3cret@h/d?ssl=s3cret", "",
        "postgresql://hugo:s3cret@h/d?pgbouncer=true"}) {
    const absl::Status status = NormalizeDatabaseUrl(base::Secret(url)).status();
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_DATABASE_URL_INVALID) << url;
    EXPECT_THAT(contract::ProblemOf(status).ShortDebugString(), Not(HasSubstr("s3"))) << url;
    EXPECT_THAT(contract::ProblemOf(status).ShortDebugString(), Not(HasSubstr("hugo"))) << url;
  }
}

// libpq reads as far as there, and would not see what comes behind it.
TEST(DatabaseUrlTest, RefusesANulByte) {
  using std::string_literals::operator""s;
  EXPECT_EQ(Normal("postgresql://u:p@h:5432/d\0?sslmode=verify-full"s), "DATABASE_URL_INVALID");
}

class SessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<Session> Open() {
    absl::StatusOr<std::unique_ptr<Session>> session =
        Session::Connect(base::Secret(db.OwnerUrl()));
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }
  v1::Problem Refusal(const std::string& url) {
    const auto session = Session::Connect(base::Secret(url), absl::Seconds(5));
    EXPECT_FALSE(session.ok());
    return contract::ProblemOf(session.status());
  }
  support::TestDatabase db = support::TestDatabase::Create();
};

TEST_F(SessionTest, TellsWhyItCannotConnect) {
  support::PostgresCluster& cluster = db.cluster();
  const v1::Problem auth = Refusal(cluster.Url(db.owner(), "s3cret-wrong", db.name()));
  EXPECT_EQ(auth.reason(), v1::REASON_DATABASE_AUTH);
  EXPECT_THAT(auth.ShortDebugString(), Not(HasSubstr("s3cret")));
  const v1::Problem database = Refusal(cluster.SuperuserUrl("nowhere"));
  EXPECT_EQ(database.reason(), v1::REASON_DATABASE_ERROR);
  EXPECT_THAT(database.message(), HasSubstr("no database nowhere"));
  const v1::Problem port = Refusal("postgresql://u:s3cret@127.0.0.1:1/d");
  EXPECT_EQ(port.reason(), v1::REASON_DATABASE_UNREACHABLE);
  EXPECT_THAT(port.message(), HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(port.ShortDebugString(), Not(HasSubstr("s3cret")));
}

TEST_F(SessionTest, ReadsValuesAndArrays) {
  auto session = Open();
  absl::StatusOr<Rows> rows =
      session->Query("select 42, null::text, true, array['a b', 'c\"d', 'e,f'], 1.5, '{}'::int[]");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->Int(0, 0), 42);
  EXPECT_TRUE(rows->IsNull(0, 1));
  EXPECT_TRUE(rows->Bool(0, 2));
  EXPECT_THAT(rows->Array(0, 3), ElementsAre("a b", "c\"d", "e,f"));
  EXPECT_EQ(rows->Double(0, 4), 1.5);
  EXPECT_TRUE(rows->Array(0, 5).empty());
}

TEST_F(SessionTest, MapsServerErrorsToReasons) {
  auto session = Open();
  EXPECT_EQ(contract::ReasonOf(session->Execute("select 1/0")), v1::REASON_SQL_FAILED);
  EXPECT_EQ(session->last_error().sqlstate, "22012");
  EXPECT_EQ(contract::ReasonOf(session->Execute("select * from pg_authid")),
            v1::REASON_PRIVILEGE_MISSING);
  EXPECT_EQ(contract::ReasonOf(session->Execute("select slect")), v1::REASON_SQL_FAILED);
  EXPECT_EQ(session->last_error().position, 8);
}

TEST_F(SessionTest, TellsTheLineOfACopy) {
  db.Execute("create table t (id int primary key)");
  auto session = Open();
  EXPECT_FALSE(session->CopyIn("copy t from stdin with (format csv)", "1\n2\n1\n").ok());
  EXPECT_EQ(session->last_error().copy_line, 3);
  EXPECT_EQ(*session->CopyRowsIn("copy t from stdin with (format csv)", "1\n2\n"), 2);
}

TEST_F(SessionTest, LeavesACopyThatNobodyAskedFor) {
  auto session = Open();
  EXPECT_FALSE(session->Execute("copy pg_class to stdout").ok());
  EXPECT_TRUE(session->Execute("select 1").ok());
}

TEST_F(SessionTest, IsCancelledFromAnotherThread) {
  auto session = Open();
  std::thread other([&] {
    Await(db,
          "select count(*) = 1 from pg_stat_activity where query like 'select pg_sleep%' "
          "and state = 'active' and application_name = 'resetctl-agent'");
    session->Cancel();
  });
  const absl::Status status = session->Execute("select pg_sleep(600)");
  other.join();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CANCELLED);
  EXPECT_FALSE(session->broken());
}

TEST_F(SessionTest, IsAbandonedFromAnotherThread) {
  auto session = Open();
  std::thread other([&] {
    Await(db,
          "select count(*) = 1 from pg_stat_activity where query like 'select pg_sleep%' "
          "and state = 'active' and application_name = 'resetctl-agent'");
    session->Abandon();
  });
  const absl::Status status = session->Execute("select pg_sleep(600)");
  other.join();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_DATABASE_UNREACHABLE);
  EXPECT_TRUE(session->broken());
}

// Behind a proxy that can acknowledge everything and pass nothing on.
class SilentServerTest : public SessionTest {
 protected:
  std::unique_ptr<Session> OpenBehindProxy(const std::string& milliseconds) {
    absl::StatusOr<std::unique_ptr<Session>> session = Session::Connect(
        base::Secret(proxy.InFrontOf(db.OwnerUrl()) + "?tcp_user_timeout=" + milliseconds));
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }
  static void ExpectGivenUp(const absl::Status& status, const Session& session) {
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_DATABASE_UNREACHABLE);
    EXPECT_THAT(contract::ProblemOf(status).message(), HasSubstr("given up"));
    EXPECT_TRUE(session.broken());
  }
  support::TcpProxy proxy{db.cluster().port()};
};

TEST_F(SilentServerTest, AStatementIsGivenUp) {
  for (const char* sql : {"select 1", "begin; select 1", "copy pg_class to stdout"}) {
    auto session = OpenBehindProxy("200");
    proxy.BlackHole();
    ExpectGivenUp(session->Execute(sql), *session);
    proxy.Restore();
  }
  auto session = OpenBehindProxy("200");
  proxy.SwallowAnswers();
  ExpectGivenUp(session->Query("select $1", {"1"}).status(), *session);
}

TEST_F(SilentServerTest, ACopyIsGivenUpWhereverItStands) {
  db.Execute("create table t (id int)");
  auto session = OpenBehindProxy("200");
  int chunks = 0;
  const auto rows =
      session->CopyRowsIn("copy t from stdin", [&]() -> absl::StatusOr<absl::string_view> {
        if (++chunks == 2) proxy.BlackHole();
        return chunks < 4 ? "1\n" : "";
      });
  ExpectGivenUp(rows.status(), *session);
  proxy.Restore();
  session = OpenBehindProxy("200");
  proxy.BlackHole();
  ExpectGivenUp(session->CopyIn("copy t from stdin", "1\n"), *session);
}

TEST_F(SilentServerTest, WhereOthersComeThroughTheBackendIsEndedToo) {
  auto session = OpenBehindProxy("2000");
  ASSERT_TRUE(session->Execute("begin").ok());
  proxy.BlackHole();
  proxy.Restore();
  ExpectGivenUp(session->Execute("select 1"), *session);
  Await(db, absl::StrCat("select count(*) = 0 from pg_stat_activity where pid = ",
                         session->backend_pid()));
}

TEST_F(SilentServerTest, ACancelReturns) {
  auto session = OpenBehindProxy("200");
  proxy.BlackHole();
  session->Cancel();
  session->Cancel();
  ExpectGivenUp(session->Execute("select 1"), *session);
}

// Whether the server tells what its sessions do or not.
TEST_F(SilentServerTest, ALongStatementIsWaitedFor) {
  support::TestConnection gate = db.Connect("gate");
  for (const char* tracked : {"on", "off"}) {
    db.ExecuteAsSuperuser(
        absl::StrCat("alter role ", db.owner(), " set track_activities = ", tracked));
    gate.Execute("select pg_advisory_lock(4711)");
    auto session = OpenBehindProxy("1000");
    std::thread other([&] {
      Await(db,
            "select count(*) = 1 from pg_locks where locktype = 'advisory' and not granted and "
            "objid = 4711");
      // Four looks in the time of the silence.
      const char* sessions =
          "select sessions from pg_stat_database where datname = current_database()";
      Await(db, absl::StrCat("select (", sessions, ") > ", db.Scalar(sessions), " + 9"));
      gate.Execute("select pg_advisory_unlock(4711)");
    });
    const absl::Status status = session->Execute("select pg_advisory_lock(4711)");
    other.join();
    EXPECT_TRUE(status.ok()) << tracked << ": " << status;
  }
}

// Its start is compared, so that nobody takes a later process of the same number for it.
TEST_F(SilentServerTest, AnotherBackendIsNoSignOfLife) {
  support::TestConnection other = db.Connect("other");
  Backend backend{other.backend_pid(), 0};
  const base::Secret url(db.OwnerUrl());
  EXPECT_EQ(LookAt(url, backend, absl::Seconds(10)), Sight::kWaitsForUs);
  EXPECT_GT(backend.started, 0);
  ++backend.started;
  EXPECT_EQ(LookAt(url, backend, absl::Seconds(10)), Sight::kGone);
  EndWaitingBackend(url, backend, absl::Seconds(10));
  EXPECT_EQ(other.Scalar("select 1"), "1") << "another's backend was ended";
}

}  // namespace
}  // namespace resetctl::agent
