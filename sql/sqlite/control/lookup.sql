-- dns_cache and sts_policy: answers that are kept, and forgotten by order

CREATE TRIGGER dns_cache_insert INSTEAD OF INSERT ON dns_cache
BEGIN
  SELECT raise(ABORT, 'empath: dns_cache has answers of name servers; DELETE lets them be asked again');
END;

CREATE TRIGGER dns_cache_update INSTEAD OF UPDATE ON dns_cache
BEGIN
  SELECT raise(ABORT, 'empath: dns_cache has answers of name servers; DELETE lets them be asked again');
END;

-- A worker may have an answer that is not in a row yet, so each name is also an order.
CREATE TRIGGER dns_cache_delete INSTEAD OF DELETE ON dns_cache
BEGIN
  DELETE FROM _dns_cache WHERE name = old.name AND type = old.type;
  INSERT INTO _dns_order (name) VALUES (old.name);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name || ' ' || old.type, 'dns_cache', old.answer, NULL);
END;

CREATE TRIGGER sts_policy_insert INSTEAD OF INSERT ON sts_policy
BEGIN
  SELECT raise(ABORT, 'empath: sts_policy has what domains publish; DELETE lets a policy be read again');
END;

CREATE TRIGGER sts_policy_update INSTEAD OF UPDATE ON sts_policy
BEGIN
  SELECT raise(ABORT, 'empath: sts_policy has what domains publish; DELETE lets a policy be read again');
END;

CREATE TRIGGER sts_policy_delete INSTEAD OF DELETE ON sts_policy
BEGIN
  DELETE FROM _sts_policy WHERE domain = old.domain;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.domain, 'sts_policy', old.mode || ' ' || old.policy_id, NULL);
END;
