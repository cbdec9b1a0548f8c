package simphony

import (
	"context"
	"errors"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

// kind is a kind of record of a menu, in the order of writing.
type kind int

const (
	masters kind = iota
	definitions
	prices
)

// writeOps are the operations of each kind: one record, and many.
var writeOps = [...]struct {
	add, set, bulkAdd, bulkSet         string
	addPath, setPath, bulkPath, bulkTo string
	upsert                             bool
}{
	masters:     {"AddMenuItemMaster", "UpdateMenuItemMaster", "BulkInsertMenuItemMasters", "BulkUpdateMenuItemMasters", pathAddMaster, pathSetMaster, pathBulkMasters, pathBulkSetMasters, false},
	definitions: {"AddMenuItemDefinition", "UpdateMenuItemDefinition", "BulkInsertMenuItemDefinitions", "BulkUpdateMenuItemDefinitions", pathAddDefinition, pathSetDefinition, pathBulkDefs, pathBulkSetDefs, false},
	prices:      {"UpsertMenuItemPrice", "UpsertMenuItemPrice", "BulkInsertMenuItemPrices", "BulkUpdateMenuItemPrices", pathPutPrice, pathPutPrice, pathBulkPrices, pathBulkSetPrices, true},
}

// recordWrite is one record to write.
type recordWrite struct {
	plan    *itemPlan
	kind    kind
	insert  bool
	unit    int64
	rec     record
	err     error
	pending bool // accepted, or waiting for something that is
}

// execute writes what is planned, kind after kind. While a bulk request is on
// its way nothing is written: it may hold the very same records.
func (m *menuPush) execute(ctx context.Context) error {
	if !m.push.DryRun {
		if err := m.jobs.follow(ctx, m.Provider); err != nil {
			return err
		}
	}
	if m.jobs.waiting() {
		for _, plan := range m.plans {
			for _, w := range plan.writes {
				w.pending = true
			}
		}
		return nil
	}
	for k := masters; k <= prices; k++ {
		if err := m.writeKind(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// writeKind writes the records of one kind whose requirements are met.
func (m *menuPush) writeKind(ctx context.Context, k kind) error {
	var inserts, updates []*recordWrite
	for _, plan := range m.plans {
		for _, w := range plan.writes {
			if w.kind != k || !m.possible(w) {
				continue
			}
			if w.err = m.jobs.failure(w); w.err != nil {
				continue
			}
			if w.insert {
				inserts = append(inserts, w)
			} else {
				updates = append(updates, w)
			}
		}
	}
	for _, batch := range [][]*recordWrite{inserts, updates} {
		if err := m.writeBatch(ctx, k, batch); err != nil {
			return err
		}
	}
	return nil
}

// possible reports whether what a record needs is there: if not, it shares the
// fate of that.
func (m *menuPush) possible(w *recordWrite) bool {
	for _, before := range w.plan.writes {
		if before.kind >= w.kind || before.err == nil && !before.pending {
			continue
		}
		if w.insert || before.err != nil {
			w.err, w.pending = before.err, before.pending
			return false
		}
	}
	if w.kind == prices && w.insert {
		id := w.plan.defs[m.cat.base]
		if id == 0 && !m.push.DryRun {
			w.err = fail("PushMenu", pos.KindProtocol, errors.New("the definition was written and its id is not known"))
			return false
		}
		w.rec.set("menuItemDefinitionId", id)
	}
	return true
}

// writeBatch writes records one by one, or many in bulk requests.
func (m *menuPush) writeBatch(ctx context.Context, k kind, batch []*recordWrite) error {
	if len(batch) >= m.cfg.CCAPI.BulkFrom {
		for chunk := range slices.Chunk(batch, m.cfg.CCAPI.BulkSize) {
			if err := m.writeBulk(ctx, k, chunk); err != nil {
				return err
			}
		}
		return nil
	}
	for _, w := range batch {
		if err := ctx.Err(); err != nil {
			w.err = ended("PushMenu", err)
			continue
		}
		m.report.Wrote(1)
		if m.push.DryRun {
			continue
		}
		w.err = m.writeOne(ctx, w)
		if errors.Is(w.err, pos.ErrAuth) {
			return w.err
		}
	}
	return nil
}

func (m *menuPush) writeOne(ctx context.Context, w *recordWrite) error {
	ops := writeOps[w.kind]
	op, path, again := ops.set, ops.setPath, true // an update states all of the record
	if w.insert {
		op, path, again = ops.add, ops.addPath, ops.upsert
	}
	answer, err := m.write(ctx, op, path, w.rec, again)
	if err == nil && w.kind == definitions && w.insert {
		w.plan.defs[w.unit] = answer.num("menuItemDefinitionId")
	}
	return err
}

func (m *menuPush) writeBulk(ctx context.Context, k kind, batch []*recordWrite) error {
	ops := writeOps[k]
	op, path := ops.bulkSet, ops.bulkTo
	if batch[0].insert {
		op, path = ops.bulkAdd, ops.bulkPath
	}
	m.report.Wrote(1)
	if m.push.DryRun {
		for _, w := range batch {
			w.pending = true
		}
		return nil
	}
	records := make([]record, len(batch))
	for i, w := range batch {
		records[i] = w.rec
	}
	if err := m.jobs.begin(ctx, m.store); err != nil {
		return err
	}
	id, err := m.bulk(ctx, op, path, records)
	if saveErr := m.jobs.end(context.WithoutCancel(ctx), m.store, id, err); saveErr != nil {
		return saveErr
	}
	for _, w := range batch {
		w.err, w.pending = err, err == nil
	}
	if errors.Is(err, pos.ErrAuth) {
		return err
	}
	return nil
}

// failure finds what a bulk request that has just ended said of a record.
func (j *bulkJobs) failure(w *recordWrite) error {
	for _, f := range j.failed {
		if f.unit != w.unit {
			continue
		}
		number := w.plan.number
		var master, definition int64
		if w.plan.have != nil {
			master = w.plan.have.id
		}
		definition = w.rec.num("menuItemDefinitionId")
		switch w.kind {
		case masters:
			if f.number == number && f.master == 0 && f.definition == 0 {
				return f.err
			}
		case definitions:
			if f.definition == 0 && f.master != 0 && f.master == master {
				return f.err
			}
		case prices:
			if f.definition != 0 && f.definition == definition {
				return f.err
			}
		}
	}
	return nil
}
